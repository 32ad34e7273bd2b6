"""What keeps the gateway from serving anybody right now, or a request from being served at all (codes from 3000)."""

from smsgw.errors.base import CallerError


class Maintenance(CallerError):
    code = 3000
    ru = "Шлюз на обслуживании и не принимает новые сообщения. Повторите запрос позже."
    en = "The gateway is in maintenance mode and takes no new messages. Try again later."


class TooManyRequests(CallerError):
    code = 4001
    ru = "Слишком много запросов: не более {limit} в секунду. Повторите через {retry_after} с."
    en = "Too many requests: at most {limit} a second. Try again in {retry_after} s."


class TooManyStreams(CallerError):
    code = 4001
    ru = "Открыто слишком много потоков событий: не более {limit}. Закройте лишние; повторите через {retry_after} с."
    en = "Too many streams of events are open: at most {limit}. Close what is not needed; try again in {retry_after} s."


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
