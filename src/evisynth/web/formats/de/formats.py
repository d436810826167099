"""Numbers and days as in English: they stand beside those of the document and of the tables."""

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
DATE_FORMAT = "Y-m-d"
DATETIME_FORMAT = "Y-m-d H:i"
