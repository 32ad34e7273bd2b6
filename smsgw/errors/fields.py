"""What is wrong with a field of a request (codes 2000 to 2999)."""

from smsgw.errors.base import CallerError


class BadPhoneNumber(CallerError):
    code = 2001
    ru = "phone_number: нужна строка из 3–20 цифр, например «79999999999»; {reason}."
    en = "phone_number: a string of 3 to 20 digits is needed, such as “79999999999”; {reason}."


class BadMessage(CallerError):
    code = 2002
    ru = "message: нужна непустая строка; {reason}."
    en = "message: a string that is not empty is needed; {reason}."


class BadMessageId(CallerError):
    code = 2003
    ru = "id: нужна строка из 24 шестнадцатеричных цифр — идентификатор сообщения; {reason}."
    en = "id: the string of 24 hex digits that the message is known by is needed; {reason}."


class BadWebhookId(CallerError):
    code = 2003
    ru = "id: нужна строка из 24 шестнадцатеричных цифр — идентификатор Webhook или доставки; {reason}."
    en = "id: the string of 24 hex digits that the webhook or the delivery is known by is needed; {reason}."


class BadCallbackId(CallerError):
    code = 2004
    ru = "callback_id: {reason}. Оставьте поле пустым или укажите идентификатор существующего Webhook."
    en = "callback_id: {reason}. Leave it empty or give the id of an existing webhook."


class BadDeviceId(CallerError):
    code = 2005
    ru = "device_id: нужна строка из 24 шестнадцатеричных цифр; {reason}. Список устройств: GET /devices."
    en = "device_id: a string of 24 hex digits is needed; {reason}. GET /devices lists them."


class BadLimit(CallerError):
    code = 2006
    ru = "limit: обязательный параметр, целое число от 1 до 100; {reason}."
    en = "limit: a required parameter, a whole number from 1 to 100; {reason}."


class BadOffset(CallerError):
    code = 2007
    ru = "offset: номер страницы, целое число от 1; {reason}."
    en = "offset: the page number, a whole number from 1; {reason}."


class BadSim(CallerError):
    code = 2008
    ru = "to_sim: нужен номер слота SIM, целое число; {reason}."
    en = "to_sim: the number of a SIM slot, a whole number, is needed; {reason}."


class BadIsActive(CallerError):
    code = 2009
    ru = "is_active: нужно true или false."
    en = "is_active: true or false is needed."


class BadPriority(CallerError):
    code = 2010
    ru = "priority: нужно целое число от 0 до 9, больше — раньше; {reason}."
    en = "priority: a whole number from 0 to 9 is needed, higher goes first; {reason}."


class BadTtl(CallerError):
    code = 2011
    ru = "ttl: нужно целое число секунд от 1 до 38102400; {reason}."
    en = "ttl: a whole number of seconds from 1 to 38102400 is needed; {reason}."


class BadSendAt(CallerError):
    code = 2012
    ru = "send_at: нужны секунды Unix или время RFC 3339 с часовым поясом, не дальше года; {reason}."
    en = "send_at: Unix seconds or a time as in RFC 3339 with its offset is needed, within a year; {reason}."


class BadFlash(CallerError):
    code = 2013
    ru = "flash: нужно true или false; {reason}."
    en = "flash: true or false is needed; {reason}."


class BadOnUncertain(CallerError):
    code = 2014
    ru = "on_uncertain: нужно «fail» (не повторять) или «resend» (повторить); {reason}."
    en = "on_uncertain: “fail” (do not repeat) or “resend” (repeat) is needed; {reason}."


class BadIdempotencyKey(CallerError):
    code = 2015
    ru = "Idempotency-Key: нужен один заголовок, 1–255 печатных символов ASCII."
    en = "Idempotency-Key: one header of 1 to 255 printable ASCII characters is needed."


class BadMessages(CallerError):
    code = 2016
    ru = "messages: нужен массив из 1–{limit} объектов, как для /sms/send; {reason}."
    en = "messages: an array of 1 to {limit} objects, as for /sms/send, is needed; {reason}."


class BadDryRun(CallerError):
    code = 2017
    ru = "dry_run: нужно true или false, и только для /sms/send; {reason}."
    en = "dry_run: true or false is needed, and only for /sms/send; {reason}."


class BadUssdCode(CallerError):
    code = 2018
    ru = "code: нужен код из цифр, *, # и + (например «*100#»), с session — ответ сети, до 182 символов; {reason}."
    en = "code: a code of digits, *, # and + such as “*100#” is needed, with session a reply of up to 182; {reason}."


class BadUssdSession(CallerError):
    code = 2019
    ru = "session: нужна строка из 12 шестнадцатеричных цифр из ответа, в котором сеть ждёт продолжения; {reason}."
    en = "session: the string of 12 hex digits from the answer that wants a reply is needed; {reason}."


class BadCancel(CallerError):
    code = 2020
    ru = "cancel: нужно true или false; {reason}."
    en = "cancel: true or false is needed; {reason}."


class BadWebhookName(CallerError):
    code = 2021
    ru = "name: нужно название Webhook, от 1 до 64 печатных символов, своё у каждого; {reason}."
    en = "name: the webhook needs a name of its own, of 1 to 64 printable characters; {reason}."


class BadUrl(CallerError):
    code = 2022
    ru = "url: нужен адрес вида http://ХОСТ/ПУТЬ или https://ХОСТ/ПУТЬ; {reason}."
    en = "url: an address such as http://HOST/PATH or https://HOST/PATH is needed; {reason}."


class BadEvents(CallerError):
    code = 2023
    ru = "events: нужен непустой массив из sms.status, sms.received, device.status; {reason}."
    en = "events: a list of some of sms.status, sms.received, device.status is needed; {reason}."


class BadHeaders(CallerError):
    code = 2024
    ru = "headers: нужен объект с заголовками HTTP, не более 16; {reason}."
    en = "headers: an object of at most 16 HTTP headers is needed; {reason}."


class BadRotateSecret(CallerError):
    code = 2025
    ru = "rotate_secret: нужно логическое значение; {reason}."
    en = "rotate_secret: a boolean is needed; {reason}."


class BadDeliveryState(CallerError):
    code = 2026
    ru = "state: нужно waiting, delivered или parked; {reason}."
    en = "state: waiting, delivered or parked is needed; {reason}."


class BadTypes(CallerError):
    code = 2027
    ru = "types: нужны sms.status, sms.received, device.status или несколько из них через запятую; {reason}."
    en = "types: some of sms.status, sms.received, device.status, with commas between them, are needed; {reason}."
