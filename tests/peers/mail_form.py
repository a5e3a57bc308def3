"""Whether a mail is what it should be, by Python's own parser, for the cases of mail.py."""

import datetime
import email
import email.header
import email.policy
import email.utils
import re

from checks import check
from mail_home import FROM, WORKSPACE

HEADERS = sorted(
    ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"]
    + ["MIME-Version", "Content-Type", "Content-Transfer-Encoding"]
)
STREAM = re.compile(rb"(?<!\r)\n|\r(?!\n)")


def of(person, mails):
    return [mail for mail in mails if mail.recipients == [person]]


def people(message, header):
    """By the older of Python's parsers: the newer one, before 3.12.9, leaves spaces between encoded words."""
    raw = email.message_from_bytes(message.content)[header].replace("\r\n", "")
    found = email.utils.getaddresses([raw])
    return [(str(email.header.make_header(email.header.decode_header(words))), where) for words, where in found]


def parsed(mail):
    return email.message_from_bytes(mail.content, policy=email.policy.SMTP)


def message_id(mail):
    return parsed(mail)["Message-ID"]


def well_formed(label, server, mail, to, subject, body):
    """The mail as the server has it, against what a person was to be told."""

    def said(what, good, detail=""):
        check(f"{label}: {what}", good, detail)

    message = parsed(mail)
    head, _, _ = mail.content.partition(b"\r\n\r\n")
    defects = [message.defects] + [message[key].defects for key in message]
    said("the parser finds nothing wrong", not any(defects), str(defects))
    keys = sorted(message.keys())
    said("every header is there once, and no other", keys == HEADERS, str(keys))
    said("headers are ASCII", head.isascii(), str(head))
    words = re.findall(rb"=\?\S+\?=", head)
    said("encoded words have at most 75 characters", words and max(map(len, words)) <= 75, str(words))
    lines = mail.content.split(b"\r\n")
    said("no line is longer than 998 bytes", max(map(len, lines)) <= 998, str(max(map(len, lines))))
    said("no bare line feed or carriage return is sent", not any(STREAM.search(one.all) for one in server.connections))
    said("it is ASCII, or was announced as 8-bit", mail.content.isascii() or "BODY=8BITMIME" in mail.options)
    said("the sender", people(mail, "From") == [FROM], str(message["From"]))
    said("the receiver", people(mail, "To") == [to], str(message["To"]))
    said("the envelope", (mail.sender, mail.recipients) == (FROM[1], [to[1]]), f"{mail.sender} {mail.recipients}")
    said("the subject", message["Subject"] == subject, f"{message['Subject']!r} instead of {subject!r}")
    id_form = r"<[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}@example\.com>"
    said("the id", re.fullmatch(id_form, message["Message-ID"]) is not None, message["Message-ID"])
    age = datetime.datetime.now(datetime.timezone.utc) - message["Date"].datetime
    said("the date", datetime.timedelta(0) <= age < datetime.timedelta(minutes=10), str(message["Date"]))
    said("nobody is to answer automatically", message["Auto-Submitted"] == "auto-generated")
    kind = (message.get_content_type(), message.get_content_charset())
    said("it is plain text in UTF-8", kind == ("text/plain", "utf-8"), str(kind))
    content = message.get_content().replace("\r\n", "\n")
    said("the text", content.rstrip("\n") == body.rstrip("\n"), f"{content!r} instead of {body!r}")


def told(person, notifications):
    """The text of a mail, written from what `allin notification list` says."""
    text = f"Hello {person},\n\nthis happened in the workspace {WORKSPACE}:\n"
    for one in reversed(notifications):
        text += f"\n* {one['title']}\n  {one['at_local']}\n  {one['cause']}\n  Next: {one['next_step']}\n"
    return text + (
        "\nAll of it: `allin notification list`, or the resource allin://notifications in an MCP client.\n"
        "Less mail: `allin notification mail off`.\n"
    )
