"""Publishes through AllIN with the official Python client over stdio, and compares with what the network has.

publish.py PDS COMMAND ARGUMENT…
"""

import asyncio
import datetime
import json
import os
import pathlib
import subprocess
import sys
import time

from mcp import Client, StdioServerParameters, stdio_client
from mcp.types import ElicitResult

import checks
from checks import check, run

pds = sys.argv[1]
server = StdioServerParameters(command=sys.argv[2], args=sys.argv[3:], env=dict(os.environ))
here = pathlib.Path(__file__).parent
name = "python"


def node(script, *arguments, question=None):
    """The parts that publish.mjs shares: the person, the text, the comparison."""
    done = subprocess.run(
        [os.environ["PEERS_NODE"], here / script, *arguments],
        input=json.dumps(question),
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


async def say_yes(_context, params):
    """The person at the client says yes to whatever is asked."""
    schema = getattr(params, "requested_schema", None) or {}
    return ElicitResult(action="accept", content={field: True for field in schema.get("properties", {})})


def count(lines):
    """Takes over the findings of record.mjs."""
    for line in lines.splitlines():
        if line.startswith(("ok ", "not ok ")):
            checks.passed += line.startswith("ok ")
            checks.failed += line.startswith("not ok ")
            print(line, flush=True)
    return lines.strip().endswith("failed")


async def main():
    # Long, because the first start sets up the home folder.
    async with Client(stdio_client(server), elicitation_callback=say_yes, read_timeout_seconds=180) as client:

        async def call(tool, arguments):
            answer = await client.call_tool(tool, arguments)
            check(f"{name}: {tool}", not answer.is_error, str(answer.content))
            if answer.is_error:
                raise RuntimeError(f"{tool} failed")
            return answer.structured_content

        person = json.loads(node("person.mjs", "account", pds, name))
        page = await call("account_connect", {"network": "bluesky", "server": pds})
        # In a thread: the page is served by the process that this loop talks to, and its answers must be read.
        done = await asyncio.to_thread(node, "person.mjs", "connect", page["url"], person["handle"], person["password"])
        check(f"{name}: the connect page takes the password", done.strip() == "{}", done)
        accounts = (await call("account_list", {}))["accounts"]
        listed = [(account["handle"], account["network"]) for account in accounts]
        check(f"{name}: the account is listed", listed == [(person["handle"], "bluesky")], str(listed))

        segments = json.loads(node("writing.mjs", os.environ["ALLIN_MEDIA_DIRS"], name))
        written = []
        for segment in segments:
            media = []
            for item in segment["media"]:
                asset = await call("asset_add", {"path": item["path"], "alt_text": item["alt_text"]})
                media.append({"asset_id": asset["asset"]["id"], "alt_text": item["alt_text"]})
            written.append({"text": segment["text"], "media": media})
        post = (await call("post_create", {"account_ids": [accounts[0]["id"]], "segments": written}))["post"]
        due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=6)
        due = due.strftime("%Y-%m-%dT%H:%M:%SZ")
        await call("post_schedule", {"post_id": post["id"], "at": due})

        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and post["status"] not in ("published", "failed", "partly_published"):
            await asyncio.sleep(0.5)
            answer = await client.call_tool("post_get", {"post_id": post["id"]})
            post = answer.structured_content["post"]
        question = {"name": name, "pds": pds, "did": person["did"], "post": post, "segments": segments, "due": due}
        said = await asyncio.to_thread(node, "record.mjs", question=question)
        check(f"{name}: the comparison came to its end", count(said), said)


run(main())
