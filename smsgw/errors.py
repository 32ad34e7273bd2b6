"""What a caller can get wrong, one class each: a code of the HTTP contract and its text in both languages.

Knows nothing of HTTP: which status a code travels with is the API's business. Texts are format strings; the fields they
name are given when the error is raised.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Language(StrEnum):
    """Language of the texts people read."""

    RU = "ru"  # the customer's own, and the default
    EN = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """A phrase in both languages."""

    ru: str
    en: str

    def in_language(self, language: Language) -> str:
        """Return the phrase in `language`."""
        return self.ru if language is Language.RU else self.en


class CallerError(Exception):
    """A request that cannot be served as it stands; `code` and `text()` go to the caller."""

    code: ClassVar[int]
    ru: ClassVar[str]
    en: ClassVar[str]

    def __init__(self, *, retry_after_s: int | None = None, **fields: object) -> None:
        self.fields = fields
        self.retry_after_s = retry_after_s
        super().__init__(self.text(Language.EN))

    def text(self, language: Language) -> str:
        """Say in `language` what is wrong and what to do about it."""
        template = self.ru if language is Language.RU else self.en
        fields = {
            name: value.in_language(language) if isinstance(value, Text) else value
            for name, value in self.fields.items()
        }
        return template.format(**fields)


class Unforeseen(CallerError):
    code = 1000
    ru = "Внутренняя ошибка шлюза. Повторите запрос позже; если не поможет, сообщите hash администратору."
    en = "Internal error of the gateway. Try again later; if that does not help, tell the administrator the hash."


class BodyNotJson(CallerError):
    code = 1001
    ru = "Тело запроса не является JSON-объектом: {reason}. Передайте объект JSON в кодировке UTF-8."
    en = "The request body is not a JSON object: {reason}. Send one JSON object in UTF-8."


class MalformedRequest(CallerError):
    code = 1001
    ru = "Запрос не по правилам HTTP или дошёл не целиком. Исправьте клиент; в адресе всё вне ASCII пишется как %XX."
    en = "The request is no proper HTTP or did not arrive whole. Correct the client; addresses write non-ASCII as %XX."


class TokenDisabled(CallerError):
    code = 1002
    ru = "Токен «{name}» выключен. Включите его командой smsgw token enable."
    en = "Token “{name}” is switched off. Switch it on with smsgw token enable."


class TokenUnknown(CallerError):
    code = 1003
    ru = "Нужен действующий токен в заголовке «Authorization: Bearer TOKEN»; создайте его командой smsgw token create."
    en = "A valid token is needed in the header “Authorization: Bearer TOKEN”; make one with smsgw token create."


class TokenNotFromHere(CallerError):
    code = 1003
    ru = "Токен «{name}» нельзя использовать с адреса {address}: он ограничен своими сетями."
    en = "Token “{name}” may not be used from {address}: it is limited to its networks."


class NoDevices(CallerError):
    code = 1004
    ru = "Не зарегистрировано ни одного устройства. Добавьте раздел [modems.ИМЯ] в файл настроек."
    en = "No device is registered. Add a section [modems.NAME] to the configuration file."


class MaySendNot(CallerError):
    code = 1005
    ru = "Токену «{name}» не разрешено отправлять сообщения (право sms:send)."
    en = "Token “{name}” may not send messages (right sms:send)."


class QuotaUsedUp(CallerError):
    code = 1006
    ru = "Токен «{name}» исчерпал свой лимит: {limit} сообщений за {period}. Он обновится {renewed}."
    en = "Token “{name}” has used up its quota of {limit} messages per {period}. It is renewed at {renewed}."


class MayReadNot(CallerError):
    code = 1007
    ru = "Токену «{name}» не разрешено читать сообщения (право sms:read)."
    en = "Token “{name}” may not read messages (right sms:read)."


class MessageNotFound(CallerError):
    code = 1008
    ru = "Сообщение {id} не найдено."
    en = "There is no message {id}."


class MayReadInboxNot(CallerError):
    code = 1007
    ru = "Токену «{name}» не разрешено читать входящие сообщения (право inbox:read)."
    en = "Token “{name}” may not read incoming messages (right inbox:read)."


class InboundNotFound(CallerError):
    code = 1008
    ru = "Входящее сообщение {id} не найдено. Список входящих: GET /inbox."
    en = "There is no incoming message {id}. GET /inbox lists them."


class MayDeleteNot(CallerError):
    code = 1009
    ru = "Токену «{name}» не разрешено удалять сообщения (право sms:delete)."
    en = "Token “{name}” may not delete messages (right sms:delete)."


class MessageBusy(CallerError):
    code = 1010
    ru = "Сообщение {id} сейчас отправляется, удалить его нельзя. Повторите запрос через минуту."
    en = "Message {id} is being sent right now and cannot be deleted. Try again in a minute."


class MaySeeDevicesNot(CallerError):
    code = 1011
    ru = "Токену «{name}» не разрешено просматривать устройства (право devices:read)."
    en = "Token “{name}” may not see devices (right devices:read)."


class DeviceNotFound(CallerError):
    code = 1012
    ru = "Устройство {id} не найдено. Список устройств: GET /devices."
    en = "There is no device {id}. GET /devices lists them."


class MayEditDevicesNot(CallerError):
    code = 1013
    ru = "Токену «{name}» не разрешено изменять устройства (право devices:edit)."
    en = "Token “{name}” may not edit devices (right devices:edit)."


class MayDeleteDevicesNot(CallerError):
    code = 1014
    ru = "Токену «{name}» не разрешено удалять устройства (право devices:delete)."
    en = "Token “{name}” may not delete devices (right devices:delete)."


class NoDeviceMaySend(CallerError):
    code = 1015
    ru = "Ни одному подходящему устройству не разрешена отправка. Включите его: POST /devices/edit, is_active = true."
    en = "No suitable device is allowed to send. Switch one on: POST /devices/edit, is_active = true."


class SendDeviceNotFound(CallerError):
    code = 1016
    ru = "Нет устройства с device_id {id}. Список устройств: GET /devices; пустое значение означает любое."
    en = "There is no device with device_id {id}. GET /devices lists them; leave it empty for any."


class NoDeviceHasSlot(CallerError):
    code = 1017
    ru = "Ни у одного устройства нет слота SIM {slot} (to_sim)."
    en = "No device has a SIM slot {slot} (to_sim)."


class DeviceOff(CallerError):
    code = 1018
    ru = "Устройство {id} выключено. Включите его: POST /devices/edit, is_active = true."
    en = "Device {id} is switched off. Switch it on: POST /devices/edit, is_active = true."


class UssdRefused(CallerError):
    code = 1019
    ru = "Модем или сеть не выполняет этот USSD-запрос ({reason}). Проверьте код; если он верный, спросите оператора."
    en = "The modem or the network refuses this USSD code ({reason}). Check it; if it is right, ask the operator."


class UssdSessionOver(CallerError):
    code = 1020
    ru = "Такого USSD-сеанса нет: он завершён или ждал ответа слишком долго. Начните новый: code без session."
    en = (
        "There is no such USSD session: it has ended, or waited for a reply too long. Begin anew: code without session."
    )


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


class Maintenance(CallerError):
    code = 3000
    ru = "Шлюз на обслуживании и не принимает новые сообщения. Повторите запрос позже."
    en = "The gateway is in maintenance mode and takes no new messages. Try again later."


class TooManyRequests(CallerError):
    code = 4001
    ru = "Слишком много запросов: не более {limit} в секунду. Повторите через {retry_after} с."
    en = "Too many requests: at most {limit} a second. Try again in {retry_after} s."


class BodyTooLarge(CallerError):
    code = 4002
    ru = "Тело запроса больше {limit} байт."
    en = "The request body is larger than {limit} bytes."


class NoSuchPath(CallerError):
    code = 4003
    ru = "Нет такого адреса: {path}."
    en = "There is no such path: {path}."


class MethodNotAllowed(CallerError):
    code = 4003
    ru = "Метод {method} для {path} не поддерживается; допустимо: {allowed}."
    en = "Method {method} is not allowed for {path}; allowed: {allowed}."


class QueueFull(CallerError):
    code = 4004
    ru = "Очередь заполнена: ждут отправки {waiting} сообщений. Сообщение не сохранено, повторите позже."
    en = "The queue is full: {waiting} messages are waiting. The message was not stored, try again later."


class NotInTime(CallerError):
    code = 4004
    ru = (
        "Сообщение не отправить до истечения его срока: SIM-карты свободны не раньше {ready}. "
        "Ничего не сохранено; повторите тогда или увеличьте ttl."
    )
    en = (
        "The message cannot be sent before it expires: no SIM is free before {ready}. "
        "Nothing was stored; try again then or give it a longer ttl."
    )


class StorageUnavailable(CallerError):
    code = 4004
    ru = "Хранилище шлюза сейчас недоступно ({reason}). Ничего не сохранено, повторите запрос позже."
    en = "The gateway's storage is unavailable right now ({reason}). Nothing was stored, try again later."


class IdempotencyKeyReused(CallerError):
    code = 4005
    ru = "Idempotency-Key «{key}» уже использован для другого запроса. Для нового запроса возьмите новый ключ."
    en = "The Idempotency-Key “{key}” was used for another request already. Take a new key for a new request."


class DeviceNotReady(CallerError):
    code = 4006
    ru = "Устройство сейчас не может выполнить запрос: {reason}. Повторите позже; подробнее: GET /devices."
    en = "The device cannot do this right now: {reason}. Try again later; GET /devices tells more."


class UssdBusy(CallerError):
    code = 4007
    ru = "Устройство занято: отправляет сообщения или ведёт другой USSD-сеанс. Ничего не набрано, повторите позже."
    en = "The device is busy: it sends messages, or another USSD session is open. Nothing was dialled, try again later."


class UssdUnanswered(CallerError):
    code = 4008
    ru = "Сеть не ответила на USSD-запрос вовремя, сеанс завершён. Запрос мог быть выполнен; повторите позже."
    en = "The network did not answer in time, and the session was ended. It may have been done; try again later."
