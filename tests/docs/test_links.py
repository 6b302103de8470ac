"""No page of the documentation leads nowhere."""

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, links


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file_and_a_heading_that_exist(page):
    dead = []
    for link in links(page):
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (fragment and fragment not in anchors(target)):
            dead.append(link)

    assert dead == []


def test_every_page_of_the_docs_is_reached_from_the_readme():
    reached, new = set(), {ROOT / "README.md"}
    while new:
        reached |= new
        new = {(page.parent / link.partition("#")[0]).resolve() for page in new for link in links(page)}
        new = {page for page in new if page.suffix == ".md"} - reached

    assert set(PAGES) <= reached


def test_pictures_are_small_enough_for_a_page():
    pictures = [path for path in (ROOT / "docs" / "images").iterdir() if path.is_file()]

    assert pictures
    assert {path.name: path.stat().st_size for path in pictures if path.stat().st_size >= 300_000} == {}
