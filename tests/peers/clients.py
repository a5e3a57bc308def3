"""The official Python client over stdio, in both protocol eras. clients.py COMMAND ARGUMENT…"""

import os
import sys

from mcp import Client, MCPError, StdioServerParameters, stdio_client

from checks import check, run

fixtures = os.environ.get("PEERS_FIXTURES") == "1"
server = StdioServerParameters(command=sys.argv[1], args=sys.argv[2:], env=dict(os.environ))


async def era(mode):
    # Long, because the first start sets up the home folder.
    async with Client(stdio_client(server), mode=mode, read_timeout_seconds=180) as client:
        name = f"python {mode}"
        modern = client.protocol_version >= "2026-07-28"
        check(f"{name}: the era asked for", modern == (mode != "legacy"), client.protocol_version)
        if mode in ("legacy", "auto"):  # a client that knows the revision beforehand asks for no name
            check(f"{name}: server names itself", bool(client.server_info and client.server_info.name))

        tools = (await client.list_tools()).tools
        names = [tool.name for tool in tools]
        check(f"{name}: tools", len(tools) > 0)
        check(f"{name}: tools in order", names == sorted(names), str(names))

        if fixtures:
            answer = await client.call_tool("greet", {"name": "peers"})
        else:
            answer = await client.call_tool("account_list", {})
            accounts = (answer.structured_content or {}).get("accounts")
            check(f"{name}: structured content", accounts == [], str(answer.structured_content))
        check(f"{name}: a call succeeds", not answer.is_error, str(answer.content))
        check(f"{name}: with a text for the model", any(getattr(block, "text", "") for block in answer.content))

        try:
            await client.call_tool("no_such_tool", {})
            check(f"{name}: an unknown tool is a protocol error", False)
        except MCPError as error:
            check(f"{name}: an unknown tool is a protocol error", error.error.code == -32602, str(error))
        if not fixtures:
            wrong = await client.call_tool("post_get", {"post_id": "not an id"})
            check(f"{name}: wrong arguments are an answer the model can read", wrong.is_error, str(wrong.content))


async def main():
    for mode in ["legacy", "auto", "2026-07-28"]:
        await era(mode)


run(main())
