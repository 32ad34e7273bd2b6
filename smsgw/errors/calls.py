"""What stands in the way of a call: rights, and things that are not there or cannot be done (codes 1000 to 1999)."""

from smsgw.errors.base import CallerError


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


class MayManageWebhooksNot(CallerError):
    code = 1021
    ru = "Токену «{name}» не разрешено управлять Webhook (право webhooks:manage)."
    en = "Token “{name}” may not manage webhooks (right webhooks:manage)."


class WebhookNotFound(CallerError):
    code = 1022
    ru = "Webhook {id} не найден. Список: GET /webhooks или smsgw webhook list."
    en = "There is no webhook {id}. See GET /webhooks or smsgw webhook list."


class DeliveryNotFound(CallerError):
    code = 1023
    ru = "Доставка {id} не найдена. Список: GET /webhooks/ID/deliveries или smsgw webhook deliveries NAME."
    en = "There is no delivery {id}. See GET /webhooks/ID/deliveries or smsgw webhook deliveries NAME."


class TooManyWebhooks(CallerError):
    code = 1024
    ru = "Webhook уже {limit}, больше создать нельзя. Удалите лишний."
    en = "There are {limit} webhooks already, which is the most. Delete one that is not needed."
