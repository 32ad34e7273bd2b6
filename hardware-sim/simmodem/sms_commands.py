"""The message commands in PDU mode (3GPP TS 27.005 §3–4); text mode is refused."""

from collections.abc import Callable, Sequence

from simmodem import codec
from simmodem.command import PENDING, Command, Entry, Form, Needs
from simmodem.device import Answer, Device
from simmodem.equipment import CmsError, CommandError, Registration
from simmodem.general_commands import setting
from simmodem.profiles import EmptySlot
from simmodem.radio_link import CLOSED, KEPT
from simmodem.stages import Stage
from simmodem.storage import Memory, MemoryFull, NoSuchIndex, Status, Stored

NOT_SUPPORTED, BAD_PDU, BAD_INDEX, MEMORY_FULL = 303, 304, 321, 322
NO_SERVICE_CENTRE, NO_SERVICE, NO_ACK_EXPECTED = 330, 331, 340
# From a SUBMIT with one digit and no text to one with all fields at their longest (TS 23.040 §9.2.2.2).
SUBMIT_OCTETS = range(8, 165)


def _message_format(device: Device, command: Command) -> Answer:
    if command.form is Form.TEST:
        return ["+CMGF: (0)"]
    if command.form is Form.READ:
        return ["+CMGF: 0"]
    if command.number(0, 0) != 0:
        raise CmsError(NOT_SUPPORTED)
    return []


def _service(device: Device, command: Command) -> Answer:
    settings = device.state.settings
    if command.form is Form.TEST:
        return [f"+CSMS: ({','.join(map(str, device.profile.csms_allowed))})"]
    if command.form is Form.READ:
        return [f"+CSMS: {settings.csms},1,1,1"]
    if (service := command.number(0)) not in device.profile.csms_allowed:
        raise CmsError(NOT_SUPPORTED)
    settings.csms = service
    return ["+CSMS: 1,1,1"]


def _service_centre(device: Device, command: Command) -> Answer:
    sim = device.state.sim
    if command.form is Form.TEST:
        return []
    if command.form is Form.READ:
        number = sim.service_centre
        if device.state.settings.cscs == "UCS2":
            number = number.encode("utf-16-be").hex().upper()
        return [f'+CSCA: "{number}",{145 if sim.service_centre.startswith("+") else 129}']
    number = command.args[0] if command.args else ""
    if device.state.settings.cscs == "UCS2":
        try:
            number = bytes.fromhex(number).decode("utf-16-be")
        except ValueError as error:
            raise CommandError from error
    if number and not number.removeprefix("+").isdecimal():
        raise CmsError(BAD_PDU)
    international = command.number(1, 129) == 145 and number and not number.startswith("+")
    sim.service_centre = "+" + number if international else number
    return []


def _preferred_storage(device: Device, command: Command) -> Answer:
    storage = device.state.storage
    memories = [storage.memories[name] for name in storage.chosen]
    if command.form is Form.TEST and device.profile.cpms_listing is not None:
        return [f"+CPMS: {device.profile.cpms_listing}"]
    if command.form is Form.TEST:
        groups = (",".join(f'"{name}"' for name in storage.names(position)) for position in range(3))
        return ["+CPMS: " + ",".join(f"({group})" for group in groups)]
    if command.form is Form.READ:
        return [_usages(memories, named=True)]
    if len(command.args) not in device.profile.cpms_counts or not storage.choose(command.args):
        raise CmsError(302)
    return [_usages([storage.memories[name] for name in storage.chosen], named=device.profile.cpms_names)]


def _usages(memories: Sequence[Memory], *, named: bool) -> str:
    return "+CPMS: " + ",".join(f'"{m.name}",{m.usage()}' if named else m.usage() for m in memories)


def _notification(device: Device, command: Command) -> Answer:
    profile = device.profile
    if command.form is Form.TEST:
        groups = ",".join(f"({','.join(map(str, values))})" for values in profile.cnmi_advertised)
        return [f"+CNMI: {groups if profile.cnmi_listing is None else profile.cnmi_listing}"]
    if command.form is Form.READ:
        return ["+CNMI: " + ",".join(map(str, device.state.settings.cnmi))]
    modes = tuple(command.number(position, 0) for position in range(5))
    if len(command.args) > 5 or not _offered(device, modes):
        raise CommandError if profile.cnmi_error is None else CmsError(profile.cnmi_error)
    device.reception.set_modes(modes)
    return []


def _offered(device: Device, modes: Sequence[int]) -> bool:
    profile = device.profile
    offered = all(mode in values for mode, values in zip(modes, profile.cnmi_advertised, strict=True))
    refused = any(_matches(modes, form) for form in profile.cnmi_refused_forms)
    return offered and not refused and not profile.cnmi_refused & set(enumerate(modes))


def _matches(modes: Sequence[int], form: Sequence[int | None]) -> bool:
    return all(wanted in (None, mode) for mode, wanted in zip(modes, form, strict=True))


def _more_messages(device: Device, command: Command) -> Answer:
    link = device.state.radio_link
    if command.form is Form.TEST:
        return [f"+CMMS: ({CLOSED}-{KEPT})"]
    if command.form is Form.READ:
        return [f"+CMMS: {link.mode}"]
    if command.form is Form.EXECUTE or (mode := command.number(0)) > KEPT:
        raise CommandError
    link.choose(mode)
    return []


def _after_body(device: Device, octets: int, action: Callable[[str], Answer]) -> Answer:
    device.ask_body(octets, action)
    return PENDING


def _send(device: Device, command: Command) -> Answer:
    if command.form is Form.TEST:
        return []
    device.terminal.on_stage(Stage.SUBMISSION)
    declared = command.number(0)
    if command.form is not Form.SET or len(command.args) != 1 or declared not in SUBMIT_OCTETS:
        raise CmsError(BAD_PDU)
    if device.profile.full_blocks_sending and device.state.storage.receiving.is_full:
        raise CmsError(MEMORY_FULL)

    def send(body: str) -> Answer:
        submit = codec.read_submit(body, declared)
        if not (submit.service_centre or device.state.sim.service_centre):
            raise CmsError(NO_SERVICE_CENTRE)
        if not device.state.is_served:
            raise CmsError(NO_SERVICE)
        device.send(submit)
        return PENDING

    return _after_body(device, declared, send)


def _write(device: Device, command: Command) -> Answer:
    if command.form is Form.TEST:
        return []
    declared, status = command.number(0), command.number(1, Status.UNSENT)
    if status not in range(Status.ALL):
        raise CmsError(BAD_PDU)

    def store(body: str) -> Answer:
        codec.check_length(body, declared)
        return [f"+CMGW: {device.state.storage.writing.store(Status(status), body.upper())}"]

    return _after_body(device, declared, store)


def _bearer(device: Device, command: Command) -> Answer:
    answer = setting("cgsms", range(4))(device, command)
    state = device.state
    if state.data_until_bearer is not None and state.settings.cgsms == state.data_until_bearer:
        state.data_until_bearer = None
        state.change(lambda: setattr(state, "coverage", Registration.HOME))
    return answer


def _acknowledge(device: Device, command: Command) -> Answer:
    if command.form is Form.TEST:
        return ["+CNMA: (0-2)"]
    if device.state.settings.csms != 1:
        raise CmsError(NO_ACK_EXPECTED)

    def confirm() -> Answer:
        if not device.reception.acknowledge():
            raise CmsError(NO_ACK_EXPECTED)
        return []

    if command.form is Form.SET and not device.profile.cnma_explicit:
        raise CommandError
    if command.form is Form.EXECUTE or command.number(0) == 0:
        return confirm()
    declared = command.number(1)

    def check(body: str) -> Answer:
        if len(codec.octets_of(body)) != declared:
            raise CmsError(BAD_PDU)
        return confirm()

    return _after_body(device, declared, check)


def _entry(device: Device, prefix: str, stored: Stored) -> list[str]:
    octets = bytes.fromhex(stored.pdu)
    alpha = device.profile.listed_alpha
    length = len(octets) - codec.service_centre_octets(octets)
    line = f"{prefix}{stored.status.value},{'' if alpha is None else alpha + ','}{length}"
    if stored.status is Status.UNREAD:
        stored.status = Status.READ
    return [line, stored.pdu]


def _read(device: Device, command: Command) -> Answer:
    if command.form is Form.TEST:
        return []
    stored = device.state.storage.reading.at(command.number(0))
    if stored is not None:
        return _entry(device, "+CMGR: ", stored)
    if device.profile.empty_slot is EmptySlot.ERROR:
        raise CmsError(BAD_INDEX)
    return ["+CMGR: 0,,0", ""] if device.profile.empty_slot is EmptySlot.BLANK else []


def _list(device: Device, command: Command) -> Answer:
    if command.form is Form.TEST:
        return ["+CMGL: (0-4)"]
    wanted = command.number(0, 0)
    if wanted not in range(Status.ALL + 1):
        raise CmsError(BAD_PDU)
    memory = device.state.storage.reading
    listed = memory.listed(Status(wanted))
    lines = [line for index, stored in listed for line in _entry(device, f"+CMGL: {index},", stored)]
    for index in device.profile.ghost_slots:
        if index not in memory.slots:
            lines += [f"+CMGL: {index},0,,0", ""]
    return lines


# <delflag> of AT+CMGD: which statuses go, beside the index itself (TS 27.005 §3.5.4).
_DELETED = {
    1: {Status.READ},
    2: {Status.READ, Status.SENT},
    3: {Status.READ, Status.SENT, Status.UNSENT},
    4: {Status.READ, Status.SENT, Status.UNSENT, Status.UNREAD},
}


def _delete(device: Device, command: Command) -> Answer:
    memory = device.state.storage.reading
    if command.form is Form.TEST:
        return [f"+CMGD: ({','.join(map(str, memory.indices))}),(0-4)"]
    index, flag = command.number(0), command.number(1, 0)
    if flag == 0:
        memory.delete(index)
    elif flag in _DELETED:
        for index in [index for index, stored in memory.slots.items() if stored.status in _DELETED[flag]]:
            memory.delete(index)
    else:
        raise CmsError(BAD_INDEX)
    # A freed slot makes the network try again what it holds (TS 23.040 §3.2.8, memory available).
    device.state.agenda.after(0, lambda: device.state.network.flush(device.index))
    return []


# What the handlers may raise beside CmsError, and the code it means.
SMS_FAULTS: dict[type[Exception], int] = {MemoryFull: MEMORY_FULL, NoSuchIndex: BAD_INDEX}

SMS_COMMANDS: dict[str, Entry] = {
    name: Entry(handler, Needs.MESSAGES)
    for name, handler in {
        "+CMGF": _message_format,
        "+CSMS": _service,
        "+CSCA": _service_centre,
        "+CPMS": _preferred_storage,
        "+CNMI": _notification,
        "+CNMA": _acknowledge,
        "+CMGS": _send,
        "+CMGW": _write,
        "+CMGR": _read,
        "+CMGL": _list,
        "+CMGD": _delete,
        "+CMMS": _more_messages,
        "+CGSMS": _bearer,
    }.items()
}
