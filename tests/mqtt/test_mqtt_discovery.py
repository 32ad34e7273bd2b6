"""What Home Assistant is told: every field is one that its documentation names, of the kind that it says."""

import re
from typing import Any

import fastjsonschema
import pytest

from smsgw.model import Device, DeviceState
from smsgw.mqtt.discovery import Discovery
from smsgw.mqtt.topics import Topics

TOPICS = Topics(prefix="home/smsgw", discovery="homeassistant")
DISCOVERY = Discovery(TOPICS, "smsgw-0123456789ab", "1.2.3")
NORTH = Device(id="69a42a407465737473000009", name="north", is_active=True, imei="490154203237518", last_online_at=None)

TEXT = {"type": "string", "minLength": 1}
TOPIC = {"type": "string", "pattern": "^[^+#]+$"}
TEMPLATE = {"type": "string", "pattern": r"^\{\{ value_json\.[a-z_]+ \}\}$"}


def documented(required: tuple[str, ...], **fields: Any) -> Any:
    """Make a check for the fields that the documentation of a component names, here as far as they are used."""
    common = {
        "name": TEXT,
        "unique_id": TEXT,
        "availability_topic": TOPIC,
        "entity_category": {"enum": ["config", "diagnostic"]},
        "icon": {"type": "string", "pattern": "^mdi:"},
        "json_attributes_topic": TOPIC,
        "qos": {"enum": [0, 1, 2]},
        "device": {
            "type": "object",
            "required": ["identifiers"],
            "properties": {
                "identifiers": {"type": "array", "items": TEXT, "minItems": 1},
                "name": TEXT,
                "model": TEXT,
                "serial_number": TEXT,
                "sw_version": TEXT,
                "via_device": TEXT,
            },
            "additionalProperties": False,
        },
        "origin": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": TEXT, "sw_version": TEXT, "support_url": TEXT},
            "additionalProperties": False,
        },
    }
    schema = {"type": "object", "properties": common | fields, "additionalProperties": False}
    return fastjsonschema.compile(schema | {"required": ["unique_id", "device", "origin", *required]})


# https://www.home-assistant.io/integrations/: sensor.mqtt, binary_sensor.mqtt, notify.mqtt; and sensor for the classes.
CHECKS = {
    "sensor": documented(
        ("state_topic",),
        state_topic=TOPIC,
        value_template=TEMPLATE,
        device_class={"enum": ["enum", "signal_strength", "timestamp"]},
        options={"type": "array", "items": TEXT},
        state_class={"enum": ["measurement", "total", "total_increasing"]},
        unit_of_measurement={"enum": ["dBm", "dB"]},
    ),
    "binary_sensor": documented(
        ("state_topic",),
        state_topic=TOPIC,
        device_class={"enum": ["connectivity"]},
        payload_on=TEXT,
        payload_off=TEXT,
    ),
    "notify": documented(("command_topic",), command_topic=TOPIC, retain={"type": "boolean"}),
}
EVERYTHING = DISCOVERY.gateway(may_notify=True) | DISCOVERY.device(NORTH)


@pytest.mark.parametrize("topic", EVERYTHING)
def test_every_field_is_documented(topic: str) -> None:
    component = topic.split("/")[1]
    CHECKS[component](EVERYTHING[topic])


@pytest.mark.parametrize("topic", EVERYTHING)
def test_the_topic_is_one_that_home_assistant_looks_at(topic: str) -> None:
    assert re.fullmatch("homeassistant/[a-z_]+/[A-Za-z0-9_-]+/[A-Za-z0-9_-]+/config", topic)


def test_no_two_entities_share_an_id() -> None:
    ids = [entity["unique_id"] for entity in EVERYTHING.values() if entity]
    assert len(set(ids)) == len(ids) == 6


def test_the_sensors_of_a_device_read_its_state() -> None:
    sensors = {topic.split("/")[3]: entity for topic, entity in DISCOVERY.device(NORTH).items() if entity}
    assert set(sensors) == {"state", "signal_dbm", "operator", "last_success"}
    for key, sensor in sensors.items():
        assert sensor["state_topic"] == TOPICS.state(NORTH.id)
        assert sensor["value_template"] == f"{{{{ value_json.{key} }}}}"
        assert sensor["availability_topic"] == TOPICS.status
        assert sensor["device"]["name"] == "north"
    assert set(sensors["state"]["options"]) == {state.value for state in DeviceState}


def test_sensors_hang_on_a_device_that_exists() -> None:
    gateways = [entity["device"] for entity in DISCOVERY.gateway(may_notify=False).values() if entity]
    vias = {entity["device"]["via_device"] for entity in DISCOVERY.device(NORTH).values() if entity}
    assert vias == {*gateways[0]["identifiers"]}


def test_without_a_number_the_notify_entity_disappears() -> None:
    assert [entity is None for topic, entity in DISCOVERY.gateway(may_notify=False).items() if "/notify/" in topic] == [
        True
    ]
    assert all(DISCOVERY.gateway(may_notify=True).values())


def test_a_deleted_device_disappears_with_all_its_sensors() -> None:
    assert DISCOVERY.no_device(NORTH.id) == dict.fromkeys(DISCOVERY.device(NORTH))


@pytest.mark.parametrize(
    ("topic", "device"),
    [
        ("home/smsgw/devices/abc/state", "abc"),
        ("home/smsgw/devices/abc/state/x", None),
        ("home/smsgw/devices//state", None),
        ("other/devices/abc/state", None),
        ("home/smsgw/send", None),
    ],
)
def test_a_state_is_known_by_its_topic(topic: str, device: str | None) -> None:
    assert TOPICS.device_of(topic) == device
