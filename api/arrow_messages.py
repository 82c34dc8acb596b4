"""A look into an Arrow stream before it is decoded: a packed one could become a thousand times as large as the body that was let in.

Source: Arrow columnar format 1.5, "Encapsulated message format" and format/Message.fbs; flatbuffers' tables, "FlatBuffer Internals".
"""

import struct

CONTINUES = 0xFFFFFFFF
RECORD_BATCH, SCHEMA = 3, 1
HEADER_TYPE, HEADER, BODY_LENGTH = 1, 2, 3  # fields of a Message
COMPRESSION = 3  # field of a RecordBatch


def must_not_be_packed(body: bytes) -> None:
    """Raises ValueError for a compressed batch, for a dictionary, and for what is no stream of messages."""
    at = 0
    while at < len(body):
        head, size = struct.unpack_from("<II", body, at) if at + 8 <= len(body) else (0, 0)
        if head != CONTINUES:
            raise ValueError("a message does not begin as the format says")
        if size == 0:
            return
        at += 8
        message = memoryview(body)[at : at + size]
        if len(message) < size:
            raise ValueError("a message is cut off")
        at += size + _body_length(message)


def _body_length(message: memoryview) -> int:
    """How many bytes lie behind the message."""
    try:
        root = struct.unpack_from("<I", message, 0)[0]
        kind = _field(message, root, HEADER_TYPE)
        if kind is None or message[kind] not in (SCHEMA, RECORD_BATCH):
            raise ValueError("only plain columns are taken: no dictionaries")
        header = _field(message, root, HEADER)
        if header is None:
            raise ValueError("a message is empty")
        if message[kind] == RECORD_BATCH and _field(message, header + struct.unpack_from("<I", message, header)[0], COMPRESSION) is not None:
            raise ValueError("batches are taken as they are, not compressed")
        length = _field(message, root, BODY_LENGTH)
        found = 0 if length is None else int(struct.unpack_from("<q", message, length)[0])
    except (struct.error, IndexError) as error:
        raise ValueError("a message is damaged") from error
    if found < 0:
        raise ValueError("a message is damaged")
    return found


def _field(message: memoryview, table: int, number: int) -> int | None:
    """Where a field of a flatbuffer's table lies; None when it is not there."""
    fields = table - int(struct.unpack_from("<i", message, table)[0])
    if fields < 0 or 4 + 2 * number >= struct.unpack_from("<H", message, fields)[0]:
        return None
    offset = int(struct.unpack_from("<H", message, fields + 4 + 2 * number)[0])
    return table + offset if offset else None
