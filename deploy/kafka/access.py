"""Make Kafka's users and grant them what access.yaml says: access.py ADMIN_DSN USER_DSN...

Each argument is a file that holds one DSN, the same that a service gets: its user and password
become a SCRAM credential, its user's rights stand in access.yaml beside this file.  Run again after
a password was changed; grants that are there already stay.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from services.backbone import broker

Grants = dict[str, dict[str, dict[str, list[str]]]]
TABLE = Path(__file__).with_name("access.yaml")


def acls(grants: Grants) -> list[ACL]:
    """One rule for each user, resource and operation of the table."""
    return [
        ACL(
            principal=f"User:{user}",
            host="*",
            operation=ACLOperation[operation.upper()],
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=_pattern(kind, name),
        )
        for user, kinds in grants.items()
        for kind, names in kinds.items()
        for name, operations in names.items()
        for operation in operations
    ]


def _pattern(kind: str, name: str) -> ResourcePattern:
    prefixed = name.endswith("*")
    return ResourcePattern(
        ResourceType[kind.upper()],
        name.removesuffix("*"),
        ACLResourcePatternType.PREFIXED if prefixed else ACLResourcePatternType.LITERAL,
    )


def credentials(topics: list[broker.Topic]) -> list[UserScramCredentialUpsertion]:
    """The SCRAM credential of each DSN's user."""
    return [
        UserScramCredentialUpsertion(
            topic.security["sasl_plain_username"],
            ScramMechanism.SCRAM_SHA_512,
            topic.security["sasl_plain_password"],
        )
        for topic in topics
    ]


def apply(admin_dsn: str, user_dsns: list[str], grants: Grants) -> None:
    """Make the users and their grants; raises LogUnavailable, SettingInvalid."""
    topics = [broker.parse("USER_DSN", dsn) for dsn in user_dsns]
    client: Any = broker.admin(broker.parse("ADMIN_DSN", admin_dsn), "yiping-access")
    with closing(client), broker.kafka_errors("granting access"):
        client.alter_user_scram_credentials(credentials(topics))
        failed = client.create_acls(acls(grants))["failed"]
    if failed:
        raise SystemExit(f"not granted: {failed}")


def main(files: list[str]) -> None:
    """Apply the table beside this file."""
    admin_dsn, *user_dsns = [Path(file).read_text(encoding="utf-8").strip() for file in files]
    grants: Grants = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    apply(admin_dsn, user_dsns, grants)
    print(f"{len(user_dsns)} users, {len(acls(grants))} grants")


if __name__ == "__main__":
    main(sys.argv[1:])
