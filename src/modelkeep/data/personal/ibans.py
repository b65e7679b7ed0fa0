"""Bank account numbers: country, length and two digits modulo 97.

Source: ISO 13616-1 and the IBAN registry for the lengths.
"""

from __future__ import annotations

from typing import Final

from modelkeep.data.personal.interface import Kind

_LENGTHS: Final = {
    country: int(length)
    for country, length in (
        pair.split(":")
        for pair in (
            "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BR:29 CH:21 CR:22 CY:28 "
            "CZ:24 DE:22 DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FO:18 FR:27 GB:22 GE:22 GI:23 "
            "GL:18 GR:27 GT:28 HR:21 HU:28 IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 "
            "LB:28 LI:21 LT:20 LU:20 LV:21 MC:27 MD:24 ME:22 MK:19 MR:27 MT:31 MU:30 NL:18 "
            "NO:15 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 SA:24 SE:24 SI:19 SK:24 SM:27 "
            "TN:24 TR:26 UA:29 VA:22 XK:20"
        ).split()
    )
}


def is_iban(text: str) -> bool:
    """Whether a text is an account number of its country's length that checks."""
    bare = text.replace(" ", "").upper()
    if len(bare) != _LENGTHS.get(bare[:2]):
        return False
    digits = "".join(str(int(letter, 36)) for letter in bare[4:] + bare[:4])
    return int(digits) % 97 == 1


KIND: Final = Kind(
    "bank account (IBAN)", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,28}\b", is_iban, chance=0.011
)
