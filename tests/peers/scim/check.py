"""Every check of scim2-tester, with the session of scim2-cli.

    check.py URL        with the header in SCIM_CLI_HEADERS, as scim2-cli takes it

All types are discovered; users and groups are created, changed and removed. Roles are read-only:
a check that creates them can only be refused, so they are left out of those checks. Ends with 0
only when every check passed and none was skipped.
"""

import os
import sys

from scim2_cli.session import Session
from scim2_tester import Status, check_server

WRITTEN = ["User", "Group"]


def main() -> None:
    name, value = os.environ["SCIM_CLI_HEADERS"].split(": ", 1)
    session = Session(
        url=sys.argv[1],
        headers={name: value},
        verify=True,
        schemas=None,
        resource_types=None,
        service_provider_config=None,
    )
    client = session.client
    client.check_response_status_codes = True
    client.check_response_content_type = True
    results = check_server(client, resource_types=WRITTEN)
    for result in results:
        print(result.status.name, result.title, "-", result.reason)
    sys.exit(0 if all(result.status == Status.SUCCESS for result in results) else 1)


if __name__ == "__main__":
    main()
