"""The runtime in front of models: who may ask, how much, what, and what is answered.

Imported late, as jobs are: uvicorn and numpy are paid for by who serves.
"""

from modelkeep.gateway.app import Gateway
from modelkeep.gateway.interface import Answer, Backend, Call, Guard, Principal, Ruling
from modelkeep.gateway.refusal import RefusalError
from modelkeep.gateway.self_test import Probe, parse_target, run_self_test
from modelkeep.gateway.server import open_gateway, serve

__all__ = [
    "Answer",
    "Backend",
    "Call",
    "Gateway",
    "Guard",
    "Principal",
    "Probe",
    "RefusalError",
    "Ruling",
    "open_gateway",
    "parse_target",
    "run_self_test",
    "serve",
]
