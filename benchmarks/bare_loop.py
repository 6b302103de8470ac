"""`python -m benchmarks.bare_loop DATABASE_URL ORG_URL COUNT`: claim 200 rows, one collections call, store 200 results.

The least that a durable engine has to do, without any of what makes it one: no template, no history, no lease, no retry.
What Isthmus's worker does a second, divided by this, says what the rest costs. Prints {"runs_per_second"}.
"""

import json
import sys
import time

import orjson
import psycopg
import requests

GROUP = 200


def measure(database_url: str, org_url: str, count: int) -> float:
    """Runs per second of one process with one connection."""
    session = requests.Session()
    session.trust_env = False
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE bare (id bigint PRIMARY KEY, payload jsonb NOT NULL, state text, record_id text)"
        )
        connection.execute("CREATE INDEX bare_due ON bare (id) WHERE state = 'queued'")
        connection.execute(
            "INSERT INTO bare SELECT i, jsonb_build_object('first_name', 'Bo', 'last_name', 'Lind ' || i, 'email',"
            " 'bare.' || i || '@lind.example', 'company', 'Lind & Daughters'), 'queued' FROM generate_series(1, %s) AS i",
            [count],
        )
        begun, done = time.perf_counter(), 0
        while done < count:
            rows = connection.execute(
                "SELECT id, payload FROM bare WHERE state = 'queued' ORDER BY id LIMIT %s", [GROUP]
            ).fetchall()
            records = [
                {
                    "attributes": {"type": "Lead"},
                    "FirstName": payload["first_name"],
                    "LastName": payload["last_name"],
                    "Email": payload["email"],
                    "Company": payload["company"],
                }
                for _, payload in rows
            ]
            answer = session.post(
                f"{org_url}/services/data/v62.0/composite/sobjects",
                data=orjson.dumps({"allOrNone": False, "records": records}),
                headers={"Content-Type": "application/json"},
                timeout=30,
            )
            results = orjson.loads(answer.content)
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany(
                    "UPDATE bare SET state = 'succeeded', record_id = %s WHERE id = %s",
                    [(result["id"], row[0]) for result, row in zip(results, rows, strict=True)],
                )
            done += len(rows)
        seconds = time.perf_counter() - begun
        connection.execute("DROP TABLE bare")
    return count / seconds


if __name__ == "__main__":
    print(json.dumps({"runs_per_second": measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))}))
