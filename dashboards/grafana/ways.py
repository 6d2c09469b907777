"""The ways between dashboards and out of them."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType


def to_dashboard(
    title: str, uid: str, variables: Mapping[str, str], *, keep_time: bool = True
) -> dict[str, object]:
    """A data link to another dashboard; `variables` are its variables' values, by name."""
    time = "&${__url_time_range}" if keep_time else ""
    given = "&".join(f"var-{name}={value}" for name, value in variables.items())
    return {"title": title, "url": f"/d/{uid}?{given}{time}"}


def address(title: str, url: str) -> DashboardLink:
    """A link on top of a dashboard that leads out of Grafana."""
    return (
        DashboardLink(title)
        .type(DashboardLinkType.LINK)
        .url(url)
        .icon("external link")
        .target_blank(target_blank=True)
    )
