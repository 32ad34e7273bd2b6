"""Makes of modem as they are met in the field, as data: what their manuals say, and what their users found out.

A cell stands here where the make differs from the well-behaved generic modem.
"""

from collections.abc import Mapping
from types import MappingProxyType

from simmodem.profiles import GENERIC, CdsLength, EmptySlot, Profile, Smss

_2G, _3G, _LTE = 0, 2, 7  # <AcT> (TS 27.007 §7.3)
_NO_LTE = {"+CEREG", "+CIREG"}
_OWN_ICCID = {"+CCID", "+ICCID"}  # asked for in another way
# Positions and values of AT+CNMI that are advertised and refused.
_MODE_2, _HANDED_OVER, _STORED = (0, 2), (3, 1), (3, 2)

HUAWEI = Profile(
    manufacturer="huawei",
    model="E3372",
    revision="21.200.07.00.00",
    identification=("Manufacturer: huawei", "Model: E3372", "Revision: 21.200.07.00.00", "+GCAP: +CGSM,+DS,+ES"),
    chatter=("^RSSI: 18", '^HCSQ: "LTE",46,43,121,24', "^CSNR: -72,-8"),
    chatter_off="^CURC=0",
    unknown_command="COMMAND NOT SUPPORT",
    unknown=frozenset(_OWN_ICCID),
    answers={
        "^PORTSEL=1": (),
        "^ICCID?": ("^ICCID: {iccid_swapped}",),
        "^CPIN?": ("^CPIN: {sim_state},,{puk_tries},{pin_tries},10,3",),
    },
    boot_urcs=("^BOOT:22385384,0,0,0,75",),
    sms_ready_urcs=("^SIMST:1", "^SRVST:2"),
    sim_busy_after_pin=2,
    smss=Smss.STALE,
    memories=(("SM", 20), ("ME", 23)),
    report_memory="SM",
    cpms_listing='"ME","MT","SM"',
    index_base=0,
    full_urc='^SMMEMFULL: "SM"',
    cnmi_refused=frozenset({_HANDED_OVER}),
    cnmi_error=None,
)

# The sticks of the years before LTE: their firmware hangs in AT+CMGL after hours, here at once.
HUAWEI_E1 = Profile(
    manufacturer="huawei",
    model="E1550",
    revision="11.608.12.04.21",
    extra_crs=1,
    chatter=("^BOOT:17415017,0,0,0,20", "^RSSI:17", "^MODE:5,4", "^DSFLOWRPT:00000C1D,00000000,00000000"),
    chatter_off="^CURC=0",
    cmee_levels=(0, 1),
    unknown_command="COMMAND NOT SUPPORT",
    unknown=frozenset({"+CEREG", "+CIREG", "+CGSMS", *_OWN_ICCID}),
    unanswered=frozenset({"+CMGL"}),
    answers={
        "^PORTSEL=1": (),
        "^ICCID?": ("^ICCID: {iccid_swapped}",),
        "^CPIN?": ("^CPIN: {sim_state},,{puk_tries},{pin_tries},10,3",),
    },
    boot_urcs=("^BOOT:17415017,0,0,0,20",),
    sms_ready_urcs=("^SIMST:1", "^SRVST:2"),
    sim_busy_after_pin=4,
    smss=Smss.STALE,
    memories=(("SM", 10), ("ME", 20)),
    report_memory="SM",
    index_base=0,
    empty_slot=EmptySlot.BLANK,
    full_urc='^SMMEMFULL: "SM"',
    cnmi_refused=frozenset({_MODE_2, _HANDED_OVER}),
    access_technology=_3G,
)

ZTE = Profile(
    manufacturer="ZTE CORPORATION",
    model="MF190",
    revision="BD_P671M2V1.0.0B04",
    extra_crs=1,
    prompt="\r\n>",
    chatter=("+ZUSIMR:2", '+ZDONR: "Simnet",1,1,"CS_PS","ROAM_OFF"'),
    unknown=frozenset({*_NO_LTE, *_OWN_ICCID, "+CSCS"}),
    answers={"+ZGETICCID": ("+ZGETICCID: {iccid}",)},
    boot_urcs=("+ZUSIMR:2",),
    sim_busy_after_pin=3,
    memories=(("SM", 15), ("ME", 100)),
    report_memory="SM",
    cpms_listing="(),(),()",
    cnmi_refused=frozenset({_MODE_2}),
    cds_length=CdsLength.SECOND_FIELD,
    access_technology=_3G,
)

SIM800 = Profile(
    manufacturer="SIMCOM_Ltd",
    model="SIMCOM_SIM800L",
    revision="Revision:1418B05SIM800L24",
    identification=("SIM800 R14.18",),
    command_gap_s=0.02,
    unknown_command=100,
    unknown=frozenset(_NO_LTE),
    answers={
        "+AUTOCSQ=0": (),
        "+CCID": ("{iccid}f",),
        "+SPIC": ("+SPIC: {pin_tries},{puk_tries},3,10",),
    },
    boot_urcs=("RDY", "+CFUN: 1", "+CPIN: SIM PIN"),
    sms_ready_urcs=("+CPIN: READY", "Call Ready", "SMS Ready"),
    sim_busy_after_pin=3,
    busy_errors=(14, 521),
    memories=(("SM", 10), ("ME", 10)),
    report_memory="SM",
    cnmi_refused=frozenset({_STORED}),
    cds_length=CdsLength.WITH_SERVICE_CENTRE,
    access_technology=_2G,
)

SIM7600 = Profile(
    manufacturer="SIMCOM INCORPORATED",
    model="SIMCOM_SIM7600E-H",
    revision="+CGMR: LE20B04SIM7600M22",
    identification=("Manufacturer: SIMCOM INCORPORATED", "Model: SIMCOM_SIM7600E-H", "IMEI: {imei}", "+GCAP: +CGSM"),
    chatter=("+CNSMOD: 0,8",),
    unknown=frozenset(_OWN_ICCID),
    answers={
        "+AUTOCSQ=0": (),
        "+CICCID": ("+ICCID: {iccid}",),
        "+SPIC": ("+SPIC: {pin_tries},{puk_tries},3,10",),
    },
    boot_urcs=("*ATREADY: 1",),
    sms_ready_urcs=("+CPIN: READY", "SMS DONE", "PB DONE"),
    sim_busy_after_pin=2,
    memories=(("ME", 23), ("SM", 10), ("SR", 10)),
    cpms_listing='("ME","MT","SM","SR"),("ME","MT","SM","SR"),("ME","MT","SM","SR")',
    index_base=0,
    full_urc="+SMS FULL",
    cds_length=CdsLength.WITH_SERVICE_CENTRE,
)

A7670 = Profile(
    manufacturer="SIMCOM INCORPORATED",
    model="A7670E-FASE",
    revision="A011B07A7670M7_F",
    identification=("Manufacturer: INCORPORATED", "Model: A7670E-FASE", "Revision: A011B07A7670M7", "IMEI: {imei}"),
    extra_crs=1,
    unknown=frozenset(_OWN_ICCID),
    answers={
        "+CICCID": ("+ICCID: {iccid}",),
        "+SPIC": ("+SPIC: {pin_tries},{puk_tries},3,10",),
    },
    boot_urcs=("*ATREADY: 1",),
    sms_ready_urcs=("+CPIN: READY", "SMS DONE", "PB DONE"),
    sim_busy_after_pin=2,
    memories=(("SM", 10), ("ME", 50)),
    report_memory="ME",
    full_urc="+SMS FULL",
    full_blocks_sending=True,
    cnmi_refused_forms=((0, None, None, 1, None), (2, None, None, 1, None), (3, None, None, 1, None)),
    cnmi_error=None,
)

M95 = Profile(
    manufacturer="Quectel_Ltd",
    model="Quectel_M95",
    revision="Revision: M95FAR02A08",
    identification=("Quectel_Ltd", "Quectel_M95", "Revision: M95FAR02A08"),
    command_gap_s=0.02,
    unknown=frozenset({*_NO_LTE, *_OWN_ICCID}),
    answers={
        "+QCCID": ("{iccid}F",),
        "+QPINC?": ('+QPINC: "SC",{pin_tries},{puk_tries}', '+QPINC: "P2",3,10'),
    },
    boot_urcs=("RDY", "+CFUN: 1"),
    sms_ready_urcs=("+CPIN: READY", "Call Ready", "SMS Ready"),
    sim_busy_after_pin=4,
    busy_errors=(14, 604),
    memories=(("SM", 10), ("ME", 20)),
    report_memory="SM",
    cpms_names=True,
    cnmi_refused=frozenset({_STORED}),
    access_technology=_2G,
)

EC25 = Profile(
    manufacturer="Quectel",
    model="EC25",
    revision="EC25EFAR06A06M4G",
    identification=("Quectel", "EC25", "Revision: EC25EFAR06A06M4G"),
    chatter=('+QIND: "csq",22,99', '+QIND: "act","LTE"'),
    unknown=frozenset(_OWN_ICCID),
    answers={
        "+QURCCFG=urcport,usbat": (),
        "+QCCID": ("+QCCID: {iccid}F",),
        "+QPINC?": ('+QPINC: "SC",{pin_tries},{puk_tries}', '+QPINC: "P2",3,10'),
    },
    boot_urcs=("RDY", "+CFUN: 1"),
    sms_ready_urcs=("+CPIN: READY", "+QUSIM: 1", "+QIND: SMS DONE", "+QIND: PB DONE"),
    sim_busy_after_pin=3,
    busy_errors=(14, 512),
    memories=(("ME", 255), ("SM", 50), ("SR", 5)),
    cpms_listing='("ME","MT","SM","SR"),("ME","MT","SM"),("ME","MT","SM","SR")',
    index_base=0,
    empty_slot=EmptySlot.OK,
)

TELIT = Profile(
    manufacturer="Telit",
    model="LE910C1-EU",
    revision="25.21.226",
    identification=("332",),
    command_gap_s=0.02,
    chatter=("+CIEV: rssi,4", "#CSURV: 1"),
    unknown=frozenset({"+CCID", "+ICCID", "+CGSMS"}),
    answers={
        "#QSS=1": (),
        "#CCID": ("#CCID: {iccid}",),
        "#PCT": ("#PCT: {pin_tries}",),
    },
    boot_urcs=(),
    sms_ready_urcs=("#QSS: 2", "#QSS: 3"),
    sim_busy_after_pin=2,
    memories=(("SM", 20), ("ME", 99), ("SR", 20)),
    cpms_listing='("SM","ME","SR"),("SM","ME"),("SM","ME")',
    full_urc='+CIEV: "SMSFULL",1',
    listed_alpha='""',
)

UBLOX = Profile(
    manufacturer="u-blox",
    model="SARA-U201",
    revision="23.60",
    identification=("SARA-U201-03S-00",),
    cmee_default=2,
    chatter=("+CIEV: 2,4", "+UUSTS: 0,25"),
    unknown=frozenset({"+CEREG", "+CIREG", "+ICCID"}),
    answers={"+UPINCNT": ("+UPINCNT: {pin_tries},{puk_tries},3,10",)},
    boot_urcs=("+AT: READY",),
    sms_ready_urcs=("+PBREADY",),
    sim_busy_after_pin=2,
    memories=(("ME", 30), ("SM", 10), ("SR", 5)),
    full_urc="+CIEV: 8,1",
    cnmi_refused=frozenset({_MODE_2}),
    access_technology=_3G,
)

CINTERION = Profile(
    manufacturer="Cinterion",
    model="BGS2-W",
    revision="REVISION 02.000",
    identification=("Cinterion", "BGS2-W", "REVISION 02.000"),
    command_gap_s=0.02,
    unknown=frozenset({*_NO_LTE, *_OWN_ICCID, "+CGSMS"}),
    answers={
        "^SCID": ("^SCID: {iccid}",),
        "^SPIC": ("^SPIC: {pin_tries}",),
    },
    boot_urcs=("^SYSSTART",),
    sms_ready_urcs=("^SSIM READY",),
    sim_busy_after_pin=3,
    busy_errors=(14, 532),
    memories=(("SM", 30), ("ME", 25)),
    report_memory="ME",
    cpms_listing='("SM","ME","MT"),("SM","ME","MT"),("SM","ME","MT")',
    full_urc="+CIEV: smsfull,1",
    cnmi_advertised=((0, 1, 2, 3), (0, 1, 2, 3), (0, 2), (0, 1, 2), (1,)),
    csms_default=1,
    access_technology=_2G,
)

WAVECOM = Profile(
    manufacturer="WAVECOM MODEM",
    model="MULTIBAND  900E  1800",
    revision="663b09gg.Q2403A 1320676 061804 14:38",
    identification=("WAVECOM MODEM", "MULTIBAND  900E  1800", "663b09gg.Q2403A 1320676 061804 14:38"),
    echo=False,
    command_gap_s=0.02,
    chatter=("+WIND: 10",),
    chatter_off="+WIND=0",
    cmee_levels=(0, 1),
    unknown=frozenset({*_NO_LTE, "+ICCID", "+CSIM", "+CGSMS"}),
    answers={"+CCID": ('+CCID: "{iccid}"',)},
    boot_urcs=("+WIND: 3",),
    sms_ready_urcs=("+WIND: 4",),
    sim_busy_after_pin=4,
    busy_errors=(515, 515),
    smss=Smss.MISSING,
    memories=(("SM", 20), ("SR", 5)),
    cnmi_refused=frozenset({_STORED}),
    access_technology=_2G,
)

SIERRA = Profile(
    manufacturer="Sierra Wireless, Incorporated",
    model="MC7455",
    revision="SWI9X30C_02.24.05.06 r7040 CARMD-EV-FRMWR2 2017/05/19 06:23:09",
    identification=("Manufacturer: Sierra Wireless, Incorporated", "Model: MC7455", "IMEI: {imei}", "+GCAP: +CGSM"),
    unknown=frozenset({*_OWN_ICCID, "+CGSMS"}),
    answers={
        "!ICCID?": ("!ICCID: {iccid}",),
        "+CPINC?": ("+CPINC: {pin_tries},3,{puk_tries},10",),
    },
    boot_urcs=(),
    sim_busy_after_pin=2,
    memories=(("SM", 25), ("ME", 50), ("SR", 10)),
    index_base=0,
    empty_slot=EmptySlot.OK,
    cnmi_refused=frozenset({_HANDED_OVER}),
    cnmi_error=None,
)

# A stick without a name on the chips of that maker: what it advertises is not what it takes.
QUALCOMM = Profile(
    manufacturer="QUALCOMM INCORPORATED",
    model="HSPA MODEM",
    revision="M6280_V1.0.0 M6280_V1.0.0 1 [Feb 14 2009 13:00:00]",
    keeps_echo=True,
    unknown=frozenset({*_NO_LTE, *_OWN_ICCID, "+CSIM", "+CGSMS"}),
    boot_urcs=(),
    sim_busy_after_pin=2,
    smss=Smss.STALE,
    memories=(("SM", 20), ("ME", 23)),
    report_memory="ME",
    index_base=0,
    ghost_slots=(5, 7),
    csms_default=1,
    csms_allowed=(1,),
    cnma_explicit=False,
    cnmi_refused=frozenset({_MODE_2}),
    access_technology=_3G,
)

# No make of anybody's: all at once that can be wrong with one and still be lived with.
NASTY = Profile(
    manufacturer='+CGMI: "NONAME"',
    model='+CGMM: "4G DONGLE"',
    revision="+CGMR: V1",
    identification=("OK COMPUTER", "ERROR FREE"),
    keeps_echo=True,
    bare_lf=True,
    split_prompt=True,
    prompt="\n>",
    chatter=("^RSSI:17", "+CIEV: 2,4", "+CTZV: +12", "+ZUSIMR:2", '^HCSQ:"LTE",46,43,121,24', "RING", "+CREG: 1"),
    cmee_levels=(2,),
    cmee_default=2,
    unknown_command="COMMAND NOT SUPPORT",
    unknown=frozenset({*_NO_LTE, *_OWN_ICCID, "+CGSMS", "+CGSN", "+CBC", "S10", "+CSQ"}),
    forgets_ok=frozenset({"+CPIN?", "+CPMS?"}),
    boot_urcs=("START", "+CFUN: 1"),
    sms_ready_urcs=("Call Ready", "SMS Ready"),
    sim_busy_after_pin=5,
    smss=Smss.STALE,
    memories=(("SM", 5), ("ME", 3)),
    report_memory="ME",
    cpms_counts=frozenset({1}),
    cpms_listing="",
    cpms_names=True,
    index_base=0,
    empty_slot=EmptySlot.BLANK,
    ghost_slots=(1, 4),
    listed_alpha=None,
    full_urc="+SMS FULL",
    full_blocks_sending=True,
    cnmi_listing="0,1,2,3",
    cnmi_refused=frozenset({_MODE_2, _HANDED_OVER}),
    cnmi_error=None,
    csms_default=1,
    csms_allowed=(1,),
    cnma_explicit=False,
    report_before_cmgs=True,
    duplicate_reports=True,
    national_ra=("7", "8"),
    last_mr=240,
    reference_tail=', "26/03/01,12:34:56+08"',
)

FAMILIES: Mapping[str, Profile] = MappingProxyType(
    {
        "generic": GENERIC,
        "huawei": HUAWEI,
        "huawei-e1": HUAWEI_E1,
        "zte": ZTE,
        "sim800": SIM800,
        "sim7600": SIM7600,
        "a7670": A7670,
        "m95": M95,
        "ec25": EC25,
        "telit": TELIT,
        "u-blox": UBLOX,
        "cinterion": CINTERION,
        "wavecom": WAVECOM,
        "sierra": SIERRA,
        "qualcomm": QUALCOMM,
        "nasty": NASTY,
    }
)
