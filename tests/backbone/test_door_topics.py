"""One DSN names both topics of the Kafka door."""

import pytest

from services.backbone.door_topics import topics_of
from services.backbone.errors import SettingInvalid


def test_the_dsn_names_both_topics() -> None:
    """The receipts' has a name of its own unless an option gives it."""
    requests, receipts = topics_of("D", "kafka://u:p@a:1,b:2/in?security_protocol=SASL_SSL")
    _, named = topics_of("D", "kafka://a:1/in?receipts=out")

    assert (requests.name, receipts.name, named.name) == ("in", "centre.receipts.v1", "out")
    assert (requests.servers, requests.security) == (receipts.servers, receipts.security)
    assert requests.security["sasl_plain_password"] == "p"


@pytest.mark.parametrize("dsn", ["kafka://a:1/in?receipts=", "kafka://a/in", "kafka://a:1/in?x=y"])
def test_a_dsn_that_cannot_be_used_is_refused(dsn: str) -> None:
    """With the setting's name."""
    with pytest.raises(SettingInvalid, match="YIPING_DOOR"):
        topics_of("YIPING_DOOR", dsn)
