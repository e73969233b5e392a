"""Answers like ClickHouse's HTTP interface, as far as Headcount's client uses it, from the library chdb.

Arguments: the directory of the data, the address and the port to listen on.

A statement is in the parameter `query` with data in the body, or in the body alone. Other parameters are settings
of the statement. User and password are not looked at. One statement runs at a time.
"""

import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb import session

DIRECTORY, HOST, PORT = sys.argv[1:4]
# Parameters of the HTTP interface that are no settings.
NOT_SETTINGS = {"query", "database", "wait_end_of_query", "buffer_size", "query_id"}
ENGINE = session.Session(DIRECTORY)
ONE_AT_A_TIME = threading.Lock()
# The settings that an earlier statement has changed.
CHANGED = set()


def change_settings(settings):
    for name in CHANGED - settings.keys():
        ENGINE.query(f"SET {name} = DEFAULT")
        CHANGED.discard(name)
    for name, value in settings.items():
        if not re.fullmatch(r"\w+", name):
            raise ValueError("Code: 115. DB::Exception: Unknown setting")
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        ENGINE.query(f"SET {name} = '{escaped}'")
        CHANGED.add(name)


def answer(statement, data, parameters):
    change_settings({name: value for name, value in parameters if name not in NOT_SETTINGS})
    database = dict(parameters).get("database")
    if database:
        ENGINE.query(f"USE `{database}`")
    insert = re.fullmatch(r"(\s*INSERT\s+INTO\s.*?)\s+FORMAT\s+(\w+)\s*", statement, re.IGNORECASE | re.DOTALL)
    if insert is None:
        return ENGINE.query(statement, "TabSeparated").bytes()
    with ENGINE.send_insert(insert[1], insert[2]) as stream:
        stream.append(data)
        stream.finish()
    return b""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        parameters = parse_qsl(urlsplit(self.path).query, keep_blank_values=True)
        statement = dict(parameters).get("query")
        if statement is None:
            statement, body = body.decode(), b""
        try:
            with ONE_AT_A_TIME:
                status, text = 200, answer(statement, body, parameters)
        except Exception as error:
            # Some errors have a prefix of the library.
            message = str(error)
            status, text = 500, message[max(message.find("Code: "), 0) :].encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server((HOST, int(PORT)), Handler).serve_forever()
