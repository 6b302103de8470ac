"""The dashboard's main menu."""

from dataclasses import dataclass

SETTINGS_PATHS = ("/settings/", "/new-project/")


@dataclass(frozen=True)
class Destination:
    """A line of the menu. Addresses are paths: the pages belong to rooms above this one."""

    label: str
    path: str
    icon: str
    below: tuple[str, ...] = ()
    """Further paths whose pages belong to this line."""

    def is_active(self, path: str) -> bool:
        return path.startswith((self.path, *self.below))


MENU = (
    Destination("Integrations", "/integrations/", icon="plug-connected", below=("/workflows/",)),
    Destination("App Events", "/app-events/", icon="bolt"),
    Destination("Activity", "/activity/", icon="activity"),
    Destination("Connected Users", "/users/", icon="users"),
    Destination("Settings", "/settings/", icon="settings"),
)


def menu_for(path: str) -> list[tuple[Destination, bool]]:
    """The menu, each line with whether the page at `path` belongs to it."""
    return [(destination, destination.is_active(path)) for destination in MENU]
