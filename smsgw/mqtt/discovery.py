"""What Home Assistant is told of the gateway and its devices (MQTT discovery, one message for each entity).

Pure: names and topics in, payloads out. The fields are those of Home Assistant's documentation of MQTT discovery, and
of the MQTT sensor, binary sensor and notify entity.
"""

from collections.abc import Iterator

from smsgw.model import Device, DeviceState
from smsgw.mqtt.topics import Topics
from smsgw.rendering import DEVICE_TYPE, Object

# By component, node and object: what an entity is; None where there is none, so that an earlier one disappears.
Entities = dict[str, Object | None]

# By the key of a device's state.
_SENSORS: dict[str, Object] = {
    "state": {"name": "State", "device_class": "enum", "options": [state.value for state in DeviceState]},
    "signal_dbm": {
        "name": "Signal",
        "device_class": "signal_strength",
        "unit_of_measurement": "dBm",
        "state_class": "measurement",
    },
    "operator": {"name": "Operator", "icon": "mdi:radio-tower"},
    "last_success": {"name": "Last success", "device_class": "timestamp"},
}


class Discovery:
    """The entities of one gateway, which goes by `identifier`."""

    def __init__(self, topics: Topics, identifier: str, version: str) -> None:
        self._topics = topics
        self._gateway = identifier
        self._version = version

    def gateway(self, *, may_notify: bool) -> Entities:
        """Describe the gateway itself: whether it is there, and what notifies by SMS if it may."""
        described: Object = {"identifiers": [self._gateway], "name": "SMS gateway", "sw_version": self._version}
        presence = {
            "name": "Connection",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": self._topics.status,
            "payload_on": "online",
            "payload_off": "offline",
        }
        notify = {"name": "SMS", "command_topic": self._topics.notify, "qos": 1, "retain": False} | self._availability()
        return dict(
            [
                self._entity("binary_sensor", self._gateway, "connection", presence, described),
                self._entity("notify", self._gateway, "sms", notify if may_notify else None, described),
            ]
        )

    def device(self, device: Device) -> Entities:
        """Describe the sensors of a device."""
        described: Object = {
            "identifiers": [f"smsgw_{device.id}"],
            "name": device.name,
            "model": DEVICE_TYPE,
            "via_device": self._gateway,
        } | ({"serial_number": device.imei} if device.imei else {})
        return dict(self._entity("sensor", device.id, key, self._sensor(device.id, key), described) for key in _SENSORS)

    def no_device(self, id: str) -> Entities:
        """Let the sensors of a device disappear."""
        return dict.fromkeys(self._topics_of(id))

    def _topics_of(self, id: str) -> Iterator[str]:
        return (self._topics.config("sensor", id, key) for key in _SENSORS)

    def _sensor(self, id: str, key: str) -> Object:
        state = self._topics.state(id)
        # What else stands there, such as the reason of a fault, is shown beside the state.
        attributes = {"json_attributes_topic": state} if key == "state" else {}
        sensor = {
            "state_topic": state,
            "value_template": f"{{{{ value_json.{key} }}}}",
            "entity_category": "diagnostic",
        }
        return _SENSORS[key] | sensor | attributes | self._availability()

    def _entity(
        self, component: str, node: str, object: str, entity: Object | None, device: Object
    ) -> tuple[str, Object | None]:
        topic = self._topics.config(component, node, object)
        if entity is None:
            return topic, None
        known = {"unique_id": f"smsgw_{node}_{object}", "device": device, "origin": self._origin()}
        return topic, entity | known

    def _availability(self) -> Object:
        return {"availability_topic": self._topics.status}

    def _origin(self) -> Object:
        return {"name": "smsgw", "sw_version": self._version}
