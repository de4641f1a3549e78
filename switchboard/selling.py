"""Puts leads and campaign links together, on the stores and the feed."""

from __future__ import annotations

from core.campaigns.click import Clicks
from core.campaigns.personal import PersonalLinks
from core.feed import Feed, entry_changed
from core.lead_desk import LeadDesk, Parts
from core.lead_watch import LeadWatch
from switchboard.stores import Stores


def lead_desk(stores: Stores, feed: Feed) -> LeadDesk:
    """What makes and changes leads."""
    return LeadDesk(
        Parts(
            stores.leads,
            stores.conversations,
            stores.customers,
            stores.interactions,
            stores.agents,
            stores.forms,
            feed,
        )
    )


def lead_watch(stores: Stores, feed: Feed) -> LeadWatch:
    """What brings leads up when their time has come."""
    return LeadWatch(stores.leads, stores.conversations, stores.interactions, feed)


def personal_links(stores: Stores, url: str) -> PersonalLinks:
    """Campaign links in what we send, by which their reader is known again."""
    return PersonalLinks(stores.vault.purpose("campaigns"), url)


def clicks(stores: Stores, url: str, feed: Feed) -> Clicks:
    """What a visit of a campaign link leaves behind."""
    return Clicks(
        personal_links(stores, url),
        stores.campaigns,
        stores.interactions,
        stores.customers,
        announce=lambda entry: feed.announce(entry_changed(entry)),
    )
