"""Field types of the 25 classes.

What a field means beyond its type stands in ``msgspec.Meta.extra``:
``refers`` names the element whose id the field holds, ``personal`` marks what identifies
a person and is sealed before it is stored.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

ID_MAX = 64
TEXT_MAX = 400
SEALED_MAX = 2400
"""A text of TEXT_MAX characters once it is sealed; admission holds the plain one to TEXT_MAX."""
LIST_MAX = 200

Moment = Annotated[datetime, Meta(tz=True)]
OrgCode = Annotated[str, Meta(pattern=r"^[0-9]{12}$", description="12-digit organisation code")]
Text = Annotated[str, Meta(max_length=TEXT_MAX)]
Personal = Annotated[str, Meta(max_length=SEALED_MAX, extra={"personal": True})]
Count = Annotated[int, Meta(ge=0)]
Texts = Annotated[list[Text], Meta(max_length=LIST_MAX)]
PoliceNumber = Annotated[str, Meta(max_length=ID_MAX, description="警号")]
PoliceNumbers = Annotated[list[PoliceNumber], Meta(max_length=LIST_MAX)]

IncidentNo = Annotated[
    str, Meta(min_length=1, max_length=ID_MAX, extra={"refers": "incident"}, description="警情编号")
]
PersonNo = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=ID_MAX,
        extra={"refers": "person"},
        description="人员编号: one stay in a centre, not one human being",
    ),
]
PersonNos = Annotated[list[PersonNo], Meta(max_length=LIST_MAX)]
ItemNo = Annotated[
    str, Meta(min_length=1, max_length=ID_MAX, extra={"refers": "property"}, description="物品编号")
]
CaseNo = Annotated[
    str, Meta(min_length=1, max_length=ID_MAX, extra={"refers": "case"}, description="案件编号")
]
RoomId = Annotated[
    str, Meta(min_length=1, max_length=ID_MAX, extra={"refers": "place"}, description="房间编号")
]
DossierNo = Annotated[
    str, Meta(min_length=1, max_length=ID_MAX, extra={"refers": "dossier"}, description="卷宗编号")
]


class Fact(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What every class has: who is responsible, who did it, what proves it."""

    org: OrgCode | None = None
    """Responsible organisation (down to the station); the source's own where absent."""
    actor: PoliceNumber | None = None
    evidence: Texts | None = None
