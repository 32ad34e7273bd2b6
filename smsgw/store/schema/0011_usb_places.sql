-- Where on USB each modem was met last: one that is known by its IMEI alone cannot tell it once it has fallen silent.

ALTER TABLE devices ADD COLUMN usb_socket TEXT;       -- as the kernel calls it, such as 1-1.4; NULL = not known
ALTER TABLE devices ADD COLUMN usb_make TEXT;         -- vendor, product, serial number: 2c7c:0125:
ALTER TABLE devices ADD COLUMN usb_interface INTEGER; -- the one that it answered at
