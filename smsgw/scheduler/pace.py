"""How often and how long: every interval of the workers, in seconds, in one place, so that tests can hurry."""

from dataclasses import dataclass, field

from smsgw.modem.pace import Pace as ModemPace


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Intervals in seconds; the defaults are those of real modems."""

    modem: ModemPace = field(default_factory=ModemPace)
    watch_s: float = 60.0  # between looks at signal, registration and operator
    list_s: float = 180.0  # between looks for stored messages that were not announced
    registration_s: float = 3.0  # between looks while the network has not taken the SIM
    hold_s: float = 5.0  # before a modem or a SIM that is not ready to send is asked again
    slot_refused_s: float = 900.0  # before a slot is tried again that is empty, without network or not turned to
    network_s: float = 180.0  # for the SIM that was turned to, to find a network
    slots_s: float = 5.0  # between looks at what waits for the other SIMs of a modem
    storage_retry_s: float = 1.0  # before a result is offered to a failing storage again
    first_backoff_s: float = 1.0  # before a port is opened again; doubles up to the last
    last_backoff_s: float = 60.0
    search_s: float = 5.0  # between looks for a modem that is not plugged in; a look reads what the kernel lists
    no_sim_s: float = 60.0  # before an empty slot is looked at again
    ussd_turn_s: float = 30.0  # until a client's code is dialled; a message may be on the wire
    ussd_s: float = 75.0  # until the network has answered it
    ussd_open_s: float = 60.0  # until the client has replied to that
    ussd_conversation_s: float = 300.0  # from the first code to the last reply: meanwhile nothing is sent
    news_s: float = 0.5  # between looks at which devices can be used
    sweep_s: float = 1.0  # between the steps of housekeeping; a retry is late by no more than this
    forget_after_s: float = 3_600.0  # from the start to the first look for what is old
    forget_s: float = 600.0  # between such looks; while there is something old, every sweep removes some
    canary_after_s: float = 300.0  # from the start to the first canary: modems and the clock settle meanwhile
    idle_s: float = 30.0  # a modem that does not look for a network is told to
    searching_s: float = 180.0  # one that has found none begins anew
    denied_s: float = 900.0  # where the network refuses a SIM, it is asked again after this to twice as long
    bearer_s: float = 20.0  # until another way for messages must have shown that it is one
    gone_s: float = 120.0  # a restart may take a port away for a minute; after this, its power is taken away
    unfit_s: float = 120.0  # the SIM may be busy for a minute; what is still refused after this is the modem's fault
    radio_off_s: float = 4.0
    usb_limit_s: float = 45.0  # for a reset of the USB device: the kernel tries a few times before it gives up
    power_off_s: float = 10.0
    power_limit_s: float = 45.0  # for switching the power off and on; within the grace of a stop
    ladder_rest_s: float = 900.0  # after the last step of the ladder, before it is begun anew
    hard_window_s: float = 3_600.0  # in which a modem is restarted a few times at most
    stuck_after_s: float = 600.0  # no step of a worker takes longer; the longest command may take three minutes
