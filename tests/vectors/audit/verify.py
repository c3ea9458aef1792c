"""Checks an audit log by RFC 9162 and C2SP signed-note, without any code of paritywatch: Python's standard library and openssl.

verify.py LOG VKEY     prints size and root of the log, if checkpoint, signature and entries fit
verify.py roots        prints the roots of the first 0 to 8 of the leaves that RFC 6962's implementations are tested with
"""

import base64
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]


def sha256(data):
    return hashlib.sha256(data).digest()


def root_of(leaves):
    """As the RFC defines it: split at the largest power of two below the number of leaves."""
    if not leaves:
        return sha256(b"")
    level = [sha256(b"\x00" + leaf) for leaf in leaves]

    def node(begin, end):
        if end - begin == 1:
            return level[begin]
        split = 1
        while split * 2 < end - begin:
            split *= 2
        return sha256(b"\x01" + node(begin, begin + split) + node(begin + split, end))

    return node(0, len(level))


def open_note(note, vkey):
    name, key_id, key = vkey.split("+", 2)
    key = base64.b64decode(key, validate=True)
    assert key[0] == 1 and len(key) == 33, "an Ed25519 key"
    assert sha256(name.encode() + b"\n" + key)[:4].hex() == key_id, "the key's id"
    text, signatures = note[: note.rindex("\n\n") + 1], note[note.rindex("\n\n") + 2 :]
    for line in signatures.splitlines():
        dash, signer, signature = line.split(" ")
        signature = base64.b64decode(signature, validate=True)
        if dash == "\u2014" and signer == name and signature[:4].hex() == key_id:
            check_signature(key[1:], text.encode(), signature[4:])
            return text
    raise AssertionError("no signature by the key")


def check_signature(key, text, signature):
    # SubjectPublicKeyInfo of RFC 8410 is a fixed head and the key.
    der = bytes.fromhex("302a300506032b6570032100") + key
    pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(der) + b"\n-----END PUBLIC KEY-----\n"
    with tempfile.TemporaryDirectory() as folder:
        files = {name: pathlib.Path(folder, name) for name in ("key", "text", "signature")}
        files["key"].write_bytes(pem)
        files["text"].write_bytes(text)
        files["signature"].write_bytes(signature)
        command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin"]
        command += ["-inkey", files["key"], "-in", files["text"], "-sigfile", files["signature"]]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main():
    if sys.argv[1:] == ["roots"]:
        for count in range(len(LEAVES) + 1):
            print(root_of([bytes.fromhex(leaf) for leaf in LEAVES[:count]]).hex())
        return
    folder, vkey = pathlib.Path(sys.argv[1]), sys.argv[2]
    text = open_note((folder / "checkpoint").read_text(), vkey)
    _, size, root = text.splitlines()
    lines = b"".join(path.read_bytes() for path in sorted(folder.glob("entries.*.jsonl"))).splitlines()
    assert len(lines) == int(size), f"{size} entries, found {len(lines)}"
    before = None
    for number, line in enumerate(lines):
        entry = json.loads(line)
        assert entry["number"] == number and entry["previous"] == before, f"entry {number}"
        before = sha256(b"\x00" + line).hex()
    assert base64.b64encode(root_of(lines)).decode() == root, "the root"
    print(size, root)


main()
