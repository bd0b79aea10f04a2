#!/usr/bin/env python3
"""Runs docs/transcript.md against a live node and says whether it answers as the page shows.

    transcript.py URL KEY            compares
    transcript.py URL KEY --write    writes the answers into the page

The page has blocks of `$ command` lines, each with its answer below. Commands run in one shell with API and KEY set; a line
`NAME=$(...)` keeps what it prints. Ids and times differ from run to run: they are compared by their form, and an id that
stands twice in the page must be the same twice.
"""
import os
import pathlib
import re
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/transcript.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.S)
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def steps(block):
    """Commands with the answers below them; a command goes on over lines while a single quotation mark is open."""
    found = []
    lines = block.splitlines()
    while lines:
        line = lines.pop(0)
        if line.startswith("$ "):
            command = [line[2:]]
            while "\n".join(command).count("'") % 2 == 1:
                command.append(lines.pop(0))
            found.append(("\n".join(command), []))
        elif found:
            found[-1][1].append(line)
    return found


class Shell:
    """One bash for the whole page: variables stay from command to command."""

    def __init__(self, url, key):
        environment = {**os.environ, "API": url, "KEY": key}
        self.process = subprocess.Popen(
            ["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=environment)

    def run(self, command):
        # Half a command would wait for its other half for ever.
        if subprocess.run(["bash", "-n", "-c", command], capture_output=True).returncode != 0:
            sys.exit(f"this is no whole command: {command}")
        self.process.stdin.write(f"{command}\nprintf '\\n\\001%s\\n' $?\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.startswith("\001"):
                return "\n".join(lines).strip("\n"), int(line[1:])
            lines.append(line.rstrip("\n"))
        sys.exit(f"the shell ended after: {command}")


def masked(text, names):
    text = UUID.sub(lambda match: f"<id {names.setdefault(match[0], len(names) + 1)}>", text)
    return TIME.sub("<time>", text)


def main():
    url, key, *options = sys.argv[1:]
    page = PAGE.read_text()
    shell = Shell(url, key)
    shown_ids, real_ids, wrong = {}, {}, []

    def play(match):
        output = []
        for command, shown in steps(match[1]):
            real, status = shell.run(command)
            shown = "\n".join(shown).strip("\n")
            if status != 0:
                sys.exit(f"status {status}: {command}\n{real}")
            if masked(shown, shown_ids) != masked(real, real_ids):
                wrong.append(f"$ {command}\nshown: {shown}\nreal:  {real}")
            output.append(f"$ {command}\n" + (f"{real}\n" if real else ""))
        return "```console\n" + "".join(output) + "```"

    played, count = BLOCK.subn(play, page)
    if options == ["--write"]:
        PAGE.write_text(played)
        return
    if not count or wrong:
        sys.exit("\n\n".join(wrong) or "the page has no commands")
    print(f"{PAGE.name}: {count} blocks answered as shown")


main()
