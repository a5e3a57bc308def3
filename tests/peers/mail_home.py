"""A home of AllIN with an account on the practice network and somebody who gets mail, for the cases of mail.py."""

import asyncio
import base64
import datetime
import json
import os
import pathlib
import re
import sys
import time
import urllib.parse

from checks import check
from mail_server import Certificates, other_name

program = sys.argv[1]
folder = pathlib.Path(sys.argv[2])
name, address = other_name()
certificates = Certificates(folder, ["localhost", name])
# Homes being prepared at once, and how long a minute's mail may take on a slow machine.
preparing = asyncio.Semaphore(4)
PATIENCE = 150
# With everything that has to be percent-encoded, and beyond ASCII.
LOGIN = ("böckerei@example.com", "pä/ss: #@%?")
OWNER = "Änne Müller-Lüdenscheidt, Bäckermeisterin"
WORKSPACE = "Bäckerei Süß & Söhne 🥖"
FROM = ("AllIN in der Backstube – Änne", "allin@example.com")
practice = {}
homes = []


class Home:
    """One home with an account on the practice network."""

    def __init__(self, label, url=None):
        self.label = label
        self.path = folder / label
        self.log = folder / f"{label}.log"
        self.url = url
        self.authorities = certificates.file
        self.serving = None
        self.said = []
        homes.append(self)

    def environment(self, mail=True):
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ALLIN_", "SSL_CERT"))}
        # Where the caller has PostgreSQL.
        kept |= {key: os.environ[key] for key in ("ALLIN_PG_BINDIR",) if key in os.environ}
        kept |= {
            "ALLIN_HOME": str(self.path),
            "ALLIN_PG_DURABLE": "0",
            "ALLIN_OWNER": OWNER,
            "ALLIN_TIME_ZONE": "Europe/Berlin",
            "ALLIN_SANDBOX_URL": practice["url"],
        }
        if mail:
            kept |= {
                "ALLIN_SMTP_URL": self.url,
                "ALLIN_MAIL_FROM": f"{FROM[0]} <{FROM[1]}>",
                # Our authority, as an operator would name it.
                "SSL_CERT_FILE": str(self.authorities),
            }
        return kept

    async def try_allin(self, *arguments, given="", mail=False):
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            env=self.environment(mail),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(given.encode())
        return process.returncode, out.decode(), err.decode()

    async def allin(self, *arguments, given=""):
        code, out, err = await self.try_allin(*arguments, given=given)
        if code != 0:
            raise RuntimeError(f"{self.label}: allin {' '.join(arguments)}\n{out}{err}")
        return out

    async def json(self, *arguments, given=""):
        return json.loads(await self.allin(*arguments, "--json", given=given))

    async def prepare(self):
        async with preparing:
            await self.allin("setup")
            await self.allin("workspace", "change", "--name", WORKSPACE)
            connected = await self.json("account", "connect", "sandbox", f"bakery-{self.label}", given="password\n")
            self.account = connected["account"]["id"]
            await self.allin("account", "change", self.account, "--tolerance", "0")
            owner = json.loads((self.path / "home.json").read_text())["member"]
            await self.allin("member", "email", owner, "anna@example.com")

    async def hold(self, *texts):
        """Posts whose time passes while nothing runs: the next start holds them."""
        for text in texts:
            await self.schedule(text)
        await asyncio.sleep(2.5)

    async def schedule(self, text):
        post = (await self.json("post", "create", text, "--account", self.account))["post"]["id"]
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
        await self.allin("post", "schedule", post, soon.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))

    async def serve(self):
        self.log_file = open(self.log, "ab")
        self.serving = await asyncio.create_subprocess_exec(
            program,
            "serve",
            "--listen",
            "127.0.0.1:0",
            # Everything that it can be made to say, so that a password in it is found.
            env=self.environment() | {"ALLIN_LOG": "debug,allin=trace,lettre=trace,rustls=trace,sqlx=info"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self.log_file,
            stderr=self.log_file,
        )

    async def leave(self):
        if self.serving and self.serving.returncode is None:
            self.serving.terminate()
            await self.serving.wait()
        self.serving = None

    def logged(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    async def doctor(self):
        """What it says of the mail: the check, and all that it printed."""
        code, out, err = await self.try_allin("doctor", "--json", mail=True)
        _, text, also = await self.try_allin("doctor", mail=True)
        found = [one for one in json.loads(out)["checks"] if one["name"] == "mail"]
        self.said += [out, err, text, also]
        said = found[0] | {"code": code, "stderr": err}
        if os.environ.get("MAIL_SHOW"):
            print(f"# {self.label}: {said}", flush=True)
        return said

    async def notifications(self):
        return (await self.json("notification", "list", "--all"))["notifications"]

    async def until(self, what, done):
        """Whether it comes to that; half a second more, so that what should not come has its chance."""
        deadline = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > deadline or (self.serving and self.serving.returncode is not None):
                return check(f"{self.label}: {what}", False, self.logged()[-2000:])
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.5)
        return check(f"{self.label}: {what}", True)

    async def settled(self, state, problem=None):
        """What became of the mail, as the product tells it; the answer may be a moment behind the server's."""
        for _ in range(50):
            states = {(one.get("mail"), one.get("mail_problem")) for one in await self.notifications()}
            if {one for one, _ in states} == {state}:
                break
            await asyncio.sleep(0.2)
        good = {one for one, _ in states} == {state}
        if problem:
            good = good and all(problem in (why or "") for _, why in states)
        return check(f"{self.label}: the notifications say {state}", good, str(states))

    def no_secret(self, login=LOGIN):
        """In nothing that it printed or logged, in no form that gives it away."""
        user, password = login
        plain = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        forms = {password, urllib.parse.quote(password, safe=""), urllib.parse.quote(password)}
        forms |= {base64.b64encode(password.encode()).decode(), plain}
        seen = self.logged() + "".join(self.said)
        found = [form for form in forms if form in seen]
        check(f"{self.label}: the password is in no log and no answer", len(seen) > 500 and not found, str(found))


async def practice_network():
    """One for all homes."""
    process = await asyncio.create_subprocess_exec(
        program,
        "simulate",
        env={"ALLIN_HOME": str(folder / "practice"), "PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE,
    )
    line = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
    practice["url"] = re.search(r"http://[0-9.:]+", line).group(0)
    return process
