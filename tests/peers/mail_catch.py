"""A mail server for checks in another language: prints its port, then every mail as a line of JSON, until the input ends."""

import asyncio
import email
import email.policy
import json
import sys

from mail_server import Server


async def main():
    server = await Server("plain").start("127.0.0.1")
    print(json.dumps({"port": server.port}), flush=True)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    told = 0
    while not ended.done():
        for mail in server.mails[told:]:
            message = email.message_from_bytes(mail.content, policy=email.policy.default)
            text = message.get_content().replace("\r\n", "\n")
            print(json.dumps({"to": mail.recipients, "subject": message["Subject"], "text": text}), flush=True)
            told += 1
        await asyncio.sleep(0.1)


asyncio.run(main())
