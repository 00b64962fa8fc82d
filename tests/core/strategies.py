"""Values of the model as hypothesis makes them."""

from __future__ import annotations

from hypothesis import strategies as st

from azenv.core.model import ACCOUNT_KINDS, FAMILIES, Account, Context, Subscription, Target, Tenant

# What JSON and UTF-8 can hold: no half surrogate pairs.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WORD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
IDS = st.uuids().map(str)
TENANTS = st.builds(Tenant, id=IDS, domain=TEXT, name=TEXT)
ACCOUNTS = st.builds(
    Account,
    username=WORD,
    kind=st.sampled_from(ACCOUNT_KINDS),
    home_id=TEXT,
    home_tenant=TEXT,
    certificate_sni=st.booleans(),
)
SUBSCRIPTIONS = st.builds(
    Subscription,
    id=IDS,
    name=WORD,
    state=WORD,
    home_tenant=TEXT,
    managed_by=st.lists(IDS, max_size=2).map(tuple),
)
TARGETS = st.builds(
    Target,
    cloud=st.sampled_from(["AzureCloud", "AzureChinaCloud", "Stack"]),
    account=ACCOUNTS,
    tenant=TENANTS,
    subscription=st.none() | SUBSCRIPTIONS,
)
CONTEXTS = st.builds(
    Context,
    id=st.text("0123456789abcdef", min_size=16, max_size=16),
    name=WORD,
    target=TARGETS,
    group=TEXT,
    location=TEXT,
    protected=st.booleans(),
    locked=st.booleans(),
    also=st.lists(IDS, max_size=2).map(tuple),
    exports=st.lists(st.sampled_from(FAMILIES), unique=True).map(tuple),
    keep=st.lists(WORD, max_size=2).map(tuple),
    tags=st.dictionaries(WORD, WORD, max_size=2).map(lambda tags: tuple(sorted(tags.items()))),
)
