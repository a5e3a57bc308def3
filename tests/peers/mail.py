"""Mail of notifications to a mail server that is not ours (mail_server.py), over every way there is to it, read by
Python's own mail parser; and what the doctor says of each way.

mail.py ALLIN FOLDER

Each case has a home of its own and they run side by side, because a mail waits a minute for more of the same and a
retry another minute. MAIL_CASES names some of them; MAIL_SHOW=1 prints what the doctor says.
"""

import asyncio
import logging
import os
import re
import time
import urllib.parse
import warnings

from checks import check, run
from mail_form import message_id, of, told, well_formed
from mail_home import LOGIN, OWNER, WORKSPACE, Home, address, certificates, homes, name, practice_network
from mail_server import Server

# aiosmtpd tells of every refused handshake, which here are meant.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", module="aiosmtpd")
TEXT = "Frisches Brot 🥖 mit Kümmel, Fenchel und Koriander, und einem Text, der länger als eine Zeile ist"
# A line of more bytes than mail may have, and lines that SMTP would take for an end.
REASON = "ü" * 480 + "\n.\n..two dots\n."


def smtp_url(server, scheme, host, login=None):
    who = ":".join(urllib.parse.quote(word, safe="") for word in login) + "@" if login else ""
    return f"{scheme}://{who}{host}:{server.port}"


async def plain():
    """To this machine without TLS: one mail a member and minute, whatever the text."""
    server = await Server("plain").start("127.0.0.1")
    home = Home("plain", smtp_url(server, "smtp", "127.0.0.1"))
    await home.prepare()
    other = 'Bořivoj "Bo" <x>, Wächter'
    added = await home.json("member", "add", other, "--role", "manager")
    await home.allin("member", "email", added["member"]["id"], "bo@example.com")
    said = await home.doctor()
    check("plain: the doctor is content", said["status"] == "ok" and "mend" not in said, str(said))
    await home.hold(TEXT)
    await home.serve()
    # The second within the same minute, with what mail is bad at.
    await home.allin("pause", REASON)
    await home.schedule("Second")
    begun = time.monotonic()
    await home.until("two members get mail", lambda: len(server.mails) >= 2)
    first = list(server.mails)
    waited = [one.at - begun for one in first]
    check("plain: after a minute, not before", all(50 < seconds < 75 for seconds in waited), str(waited))
    listed = await home.notifications()
    check("plain: both posts are held", len(listed) == 2, str(listed))
    subject = f"2 things need a look ({WORKSPACE})"
    both = ["anna@example.com", "bo@example.com"]
    check("plain: one mail for each member", sorted(one.recipients[0] for one in first) == both)
    for person, to in ((OWNER, "anna@example.com"), (other, "bo@example.com")):
        for mail in of(to, first):
            well_formed(f"plain, {to}", server, mail, (person, to), subject, told(person, listed))
    check("plain: each has an id of its own", len({message_id(one) for one in first}) == 2)
    # And the next minute is another mail; of another pause, because what one pause holds is told once.
    await home.allin("resume", "--yes")
    await home.allin("pause", "Something else")
    await home.schedule(TEXT)
    await home.until("the next minute is another mail", lambda: len(server.mails) >= 4)
    second = server.mails[2:]
    check("plain: again one for each", sorted(one.recipients[0] for one in second) == both)
    check("plain: with ids of their own", len({message_id(one) for one in server.mails}) == 4)
    newest = (await home.notifications())[:1]
    for mail in of("anna@example.com", second):
        subject = f"{newest[0]['title']} ({WORKSPACE})"
        well_formed("plain, one post", server, mail, (OWNER, "anna@example.com"), subject, told(OWNER, newest))
    await home.settled("sent")
    await home.leave()


async def arrives(label, server, host, scheme, mechanism):
    """Over TLS and with a login, as most servers want it."""
    home = Home(label, smtp_url(server, scheme, host, LOGIN))
    await home.prepare()
    said = await home.doctor()
    check(f"{label}: the doctor is content", said["status"] == "ok" and "mend" not in said, str(said))
    check(f"{label}: by {mechanism}", server.logins[-1:] == [(mechanism, True)], str(server.logins))
    await home.hold(TEXT)
    await home.serve()
    if await home.until("it arrives", lambda: server.mails):
        mail = server.mails[0]
        how = (len(server.mails), mail.encrypted, mail.user)
        check(f"{label}: once, over TLS, after the login", how == (1, True, LOGIN[0]), str(how))
        [one] = await home.notifications()
        subject = f"{one['title']} ({WORKSPACE})"
        well_formed(label, server, mail, (OWNER, "anna@example.com"), subject, told(OWNER, [one]))
    await home.settled("sent")
    await home.leave()
    in_clear(label, server)
    home.no_secret()


def in_clear(label, server):
    """What a listener on the wire could read."""
    lines = b"".join(bytes(one.clear) for one in server.connections).split(b"\r\n")
    verbs = {line.split(b" ")[0].upper() for line in lines if line}
    good = server.connections and verbs <= {b"EHLO", b"STARTTLS", b"QUIT"}
    check(f"{label}: nothing but the beginning is in the clear", good, str(verbs))


async def starttls():
    server = await Server("starttls", certificates.good, LOGIN).start(address)
    await arrives("starttls", server, name, "smtp", "PLAIN")


async def starttls_login():
    server = await Server("starttls", certificates.good, LOGIN, without=["PLAIN"]).start(address)
    await arrives("starttls-login", server, name, "smtp", "LOGIN")


async def implicit():
    server = await Server("tls", certificates.good, LOGIN).start("127.0.0.1")
    await arrives("smtps", server, "localhost", "smtps", "PLAIN")


async def refuses(label, server, host, scheme, why, mend, login=LOGIN):
    """A way that must not be taken: nothing is sent, the mail waits, and the doctor says what is to be done."""
    home = Home(label, smtp_url(server, scheme, host, login))
    await home.prepare()
    said = await home.doctor()
    check(f"{label}: the doctor sees a problem", said["status"] == "problem" and said["code"] != 0, str(said))
    check(f"{label}: it says why", why in said["seen"], said["seen"])
    check(f"{label}: it says what to do", mend in said.get("mend", ""), said.get("mend"))
    await home.hold(TEXT)
    await home.serve()
    await home.until("it is tried", lambda: "could not be sent yet" in home.logged())
    nothing = not server.mails and not any(good for _, good in server.logins)
    check(f"{label}: nothing was sent", nothing, str(server.mails))
    await home.settled("waiting")
    if scheme == "smtp":
        in_clear(label, server)
    else:
        check(f"{label}: nothing was said", not any(one.all for one in server.connections))
    home.no_secret(login)
    return home


async def stripped():
    """As somebody between would leave it: no STARTTLS is offered."""
    server = await Server("plain", None, LOGIN).start(address)
    home = await refuses("stripped", server, name, "smtp", "STARTTLS", "TLS")
    await home.leave()


async def tls_refused():
    """Offered, and refused."""
    server = await Server("starttls", certificates.good, LOGIN, plan={"starttls": ["no"] * 99}).start(address)
    home = await refuses("tls-refused", server, name, "smtp", "454", "TLS")
    await home.leave()


async def strange_authority():
    server = await Server("starttls", certificates.of_a_stranger, LOGIN).start(address)
    home = await refuses("strange-authority", server, name, "smtp", "UnknownIssuer", "authority")
    await home.leave()


async def wrong_name():
    server = await Server("tls", certificates.of_another_name, LOGIN).start("127.0.0.1")
    home = await refuses("wrong-name", server, "localhost", "smtps", "other.example.com", "name")
    await home.leave()


async def wrong_password():
    """It is said, the mail waits, and a corrected setting sends it."""
    server = await Server("starttls", certificates.good, LOGIN).start(address)
    wrong = (LOGIN[0], "wröng/" + LOGIN[1])
    home = await refuses("wrong-password", server, name, "smtp", "535", "password", wrong)
    await home.leave()
    home.url = smtp_url(server, "smtp", name, LOGIN)
    await home.serve()
    await home.until("a corrected password sends what waits", lambda: server.mails)
    await home.settled("sent")
    await home.leave()
    check("wrong-password: once", len(server.mails) == 1)
    home.no_secret(wrong)
    home.no_secret()


async def later(label, plan, state="sent", tries=2):
    """What comes of a mail that is not taken at first."""
    server = await Server("tls", certificates.good, LOGIN, plan=plan).start("127.0.0.1")
    home = Home(label, smtp_url(server, "smtps", "localhost", LOGIN))
    await home.prepare()
    await home.hold(TEXT)
    await home.serve()
    arrived = await home.until("it arrives", lambda: len(server.mails) >= tries)
    await home.settled(state)
    await home.leave()
    return server if arrived else None


async def busy():
    server = await later("busy", {"data": ["451 4.3.2 try again later"]}, tries=1)
    if server:
        counts = (len(server.mails), len(server.connections))
        check("busy: one mail, at the second try", counts == (1, 2), str(counts))
        ids = re.findall(rb"\r\nMessage-ID: (\S+)\r\n", b"".join(one.all for one in server.connections))
        check("busy: both tries had the same id", len(ids) == 2 and len(set(ids)) == 1, str(ids))


async def broken():
    server = await later("broken", {"data": ["drop"]})
    if server:
        first, second = server.mails[:2]
        check("broken: it comes twice and no more", len(server.mails) == 2)
        same = message_id(first) == message_id(second) and first.content == second.content
        check("broken: the very same mail, by its id", same)
        check("broken: a minute later", 50 < second.at - first.at < 90, str(second.at - first.at))


async def greeting():
    """A refusal before anything was said is no matter of the mail."""
    server = await later("greeting", {"greeting": ["554 5.3.2 no mail now"]}, tries=1)
    if server:
        counts = (len(server.mails), len(server.connections))
        check("greeting: one mail, at the second try", counts == (1, 2), str(counts))


async def farewell():
    """A server that has the mail and does not take leave: what it has is not sent again."""
    server = await Server("plain", plan={"quit": ["never"] * 9}).start("127.0.0.1")
    home = Home("farewell", smtp_url(server, "smtp", "127.0.0.1"))
    await home.prepare()
    await home.hold(TEXT)
    await home.serve()
    await home.until("it arrives", lambda: server.mails)
    await asyncio.sleep(15)
    await home.settled("sent")
    await home.leave()
    check("farewell: once", len(server.mails) == 1)


async def unknown():
    """Nobody of that name: given up at once, and said."""
    server = await Server("plain", plan={"recipient": ["550 5.1.1 no such person here"] * 9}).start("127.0.0.1")
    home = Home("unknown", smtp_url(server, "smtp", "127.0.0.1"))
    await home.prepare()
    await home.hold(TEXT)
    await home.serve()
    await home.until("it is given up", lambda: "a mail was given up" in home.logged())
    await home.settled("given_up", "550")
    check("unknown: after one try", len(server.connections) == 1, str(len(server.connections)))
    code, text, _ = await home.try_allin("doctor", mail=True)
    check(
        "unknown: the doctor tells it", code == 0 and "1 notifications of the last week were not mailed" in text, text
    )
    await home.leave()


async def advice():
    """What an operator gets wrong most, one after the other: the doctor alone."""
    home = Home("advice")
    await home.prepare()

    async def ask(label, server, url, why, mend, authorities=certificates.file):
        home.url = url
        home.authorities = authorities
        begun = time.monotonic()
        said = await home.doctor()
        good = said["status"] == "problem" and why in said["seen"] and mend in said.get("mend", "")
        check(f"advice: {label}", good, str(said))
        check(f"advice: {label}, within half a minute each", time.monotonic() - begun < 75)
        if server:
            check(f"advice: {label}, nothing is sent", not server.mails)
            server.stop()

    server = await Server("tls", certificates.expired).start("127.0.0.1")
    await ask("an expired certificate", server, smtp_url(server, "smtps", "localhost"), "expired", "clock")
    server = await Server("tls", certificates.good).start("127.0.0.1")
    await ask("no authorities", server, smtp_url(server, "smtps", "localhost"), "No CA", "ca-certificates", "/dev/null")
    server = await Server("plain").start("127.0.0.1")
    await ask("smtps to a port without TLS", server, smtp_url(server, "smtps", "localhost"), "corrupt", "smtp://")
    server = await Server("tls", certificates.good).start(address)
    await ask("smtp to a port with TLS", server, smtp_url(server, "smtp", name), "slow", "smtps://")
    server = await Server("plain").start("127.0.0.1")
    nobody = smtp_url(server, "smtp", "127.0.0.1")
    server.stop()
    await asyncio.sleep(0.1)
    await ask("nobody there", None, nobody, "refused", "host and port")
    await ask("no such host", None, "smtps://no-such-host.invalid", "no-such-host.invalid", "host and port")
    server = await Server("starttls", certificates.good, LOGIN).start(address)
    await ask("a login is missing", server, smtp_url(server, "smtp", name), "530", "user:password@")
    server = await Server("tls", certificates.good, LOGIN, without=["PLAIN", "LOGIN"]).start("127.0.0.1")
    await ask("no way to log in", server, smtp_url(server, "smtps", "localhost", LOGIN), "login", "password")
    refusal = {"sender": ["550 5.7.60 not allowed to send as this"] * 9}
    server = await Server("tls", certificates.good, plan=refusal).start("127.0.0.1")
    await ask("a sender that may not send", server, smtp_url(server, "smtps", "localhost"), "550", "ALLIN_MAIL_FROM")
    home.no_secret()
    # Settings that cannot be read: the value may hold a password and is not repeated.
    home.url = f"smtps://user:{LOGIN[1]}@mail.example.com"
    for arguments in (["doctor"], ["notification", "list"]):
        code, out, err = await home.try_allin(*arguments, mail=True)
        good = code != 0 and "ALLIN_SMTP_URL" in out + err and "%40" in out + err
        check(f"advice: an address that cannot be read, {arguments[0]}", good and LOGIN[1] not in out + err, out + err)


CASES = [
    plain,
    starttls,
    starttls_login,
    implicit,
    stripped,
    tls_refused,
    strange_authority,
    wrong_name,
    wrong_password,
    busy,
    broken,
    greeting,
    farewell,
    unknown,
    advice,
]


async def main():
    only = os.environ.get("MAIL_CASES", "").split()
    network = await practice_network()

    async def guarded(case):
        try:
            await case()
        except Exception as error:  # One case is not to end the others.
            check(f"{case.__name__}: no exception", False, repr(error))

    try:
        await asyncio.gather(*(guarded(case) for case in CASES if not only or case.__name__ in only))
    finally:
        for home in homes:
            await home.leave()
        network.terminate()
        await network.wait()


run(main())
