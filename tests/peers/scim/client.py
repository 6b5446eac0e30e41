"""A whole day of a client, by scim2-client and scim2-models: they parse every answer strictly.

    client.py URL        with the header in SCIM_CLI_HEADERS, as scim2-cli takes it

Ends with 0 when every answer was what the library takes and said what it should.
"""

import os
import sys
import uuid

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import Error, ListResponse, PatchOp, PatchOperation, SearchRequest


def connected(url: str) -> SyncSCIMClient:
    name, value = os.environ["SCIM_CLI_HEADERS"].split(": ", 1)
    http = httpx2.Client(base_url=url, headers={name: value}, trust_env=False, timeout=30)
    client = SyncSCIMClient(http)
    client.discover()
    return client


def lives_of_a_user(client: SyncSCIMClient) -> str:
    User = client.get_resource_model("User")
    login = f"{uuid.uuid4()}@example.com"
    made = client.create(User(user_name=login, emails=[User.Emails(value=login, type="work")]))
    assert made.id and made.meta.version and made.active is True
    twice = client.create(User(user_name=login.upper()), raise_scim_errors=False)
    assert isinstance(twice, Error) and twice.status == 409 and twice.scim_type == "uniqueness"
    found = client.query(User, query_parameters=SearchRequest(filter=f'userName eq "{login}"'))
    assert isinstance(found, ListResponse) and found.total_results == 1
    assert found.resources[0].id == made.id
    patch = PatchOp[User](
        operations=[PatchOperation(op=PatchOperation.Op.replace_, path="active", value=False)]
    )
    off = client.modify(User, made.id, patch)
    assert off.active is False and off.meta.version != made.meta.version
    off.active = True
    off.nick_name = "Ada"
    assert client.replace(off).nick_name == "Ada"
    return made.id


def lives_of_a_group(client: SyncSCIMClient, user: str) -> str:
    Group = client.get_resource_model("Group")
    name = f"Engineers {uuid.uuid4()}"
    made = client.create(Group(display_name=name, members=[Group.Members(value=user)]))
    assert [member.value for member in made.members] == [user]
    User = client.get_resource_model("User")
    assert client.query(User, user).groups[0].value == made.id
    patch = PatchOp[Group](
        operations=[
            PatchOperation(op=PatchOperation.Op.remove, path=f'members[value eq "{user}"]')
        ]
    )
    assert not client.modify(Group, made.id, patch).members
    return made.id


def everything_goes(client: SyncSCIMClient, user: str, group: str) -> None:
    for model, resource in (("Group", group), ("User", user)):
        model = client.get_resource_model(model)
        client.delete(model, resource)
        gone = client.query(model, resource, raise_scim_errors=False)
        assert isinstance(gone, Error) and gone.status == 404


def main() -> None:
    client = connected(sys.argv[1])
    user = lives_of_a_user(client)
    group = lives_of_a_group(client, user)
    assert isinstance(client.search(SearchRequest(count=5)), ListResponse)
    everything_goes(client, user, group)
    print("every answer was parsed")


if __name__ == "__main__":
    main()
