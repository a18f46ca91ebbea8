"""Faults in listing tags."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from http import HTTPStatus

from regshape.model import Defect
from regshape.protocols.oci.models import ErrorCode
from regshape.protocols.oci.reference import (
    Answer,
    Incoming,
    Reference,
    ReferenceOptions,
)


class ReadsMakeRepositories(Reference):
    """Makes a repository when a manifest is first asked for, by a pull, too."""

    def get_manifest(self, request: Incoming) -> Answer:
        """Answer GET of a manifest."""
        self.make_repository(request.name)
        return super().get_manifest(request)


class MissingListEmpty(Reference):
    """Answers with no tags where it ought to say that there is no repository."""

    def get_tags(self, request: Incoming) -> Answer:
        """Answer GET of the tags, none in a repository that is not there."""
        if self.find_repository(request.name) is None:
            return self.json_answer(HTTPStatus.OK, {"name": request.name, "tags": []})
        return super().get_tags(request)


class ZeroIsNoLimit(Reference):
    """Takes n=0 for no n at all."""

    def page_size(self, request: Incoming) -> int | None:
        """Return how many entries a page may have; 0 stands for all."""
        return super().page_size(request) or None


class TaglessNotFound(Reference):
    """Takes a repository without tags for one that is not there."""

    def get_tags(self, request: Incoming) -> Answer:
        """Answer GET of the tags, with 404 where there are none."""
        repository = self.need_repository(request.name)
        if not repository.tags:
            raise self.refusal(HTTPStatus.NOT_FOUND, ErrorCode.NAME_UNKNOWN, "no tags")
        return super().get_tags(request)


class TagsNull(Reference):
    """Lists no tags as null, as a slice that was never made."""

    def get_tags(self, request: Incoming) -> Answer:
        """Answer GET of the tags."""
        answer = super().get_tags(request)
        return replace(answer, body=answer.body.replace(b'"tags":[]', b'"tags":null'))


class ListNamedShort(Reference):
    """Names a repository by the last component of its name."""

    def get_tags(self, request: Incoming) -> Answer:
        """Answer GET of the tags."""
        answer = super().get_tags(request)
        short = request.name.rpartition("/")[2]
        return replace(answer, body=answer.body.replace(request.name.encode(), short.encode()))


class TagsUnordered(Reference):
    """Lists tags in the order in which they were pushed."""

    def order_tags(self, tags: Iterable[str]) -> list[str]:
        """Return the tags as they are kept."""
        return list(tags)


class TagsByVersion(Reference):
    """Lists tags in the order of the numbers in them: v2 before v10."""

    def order_tags(self, tags: Iterable[str]) -> list[str]:
        """Return the tags in the order that people like."""
        return sorted(tags, key=lambda tag: [int(part) for part in re.findall(r"[0-9]+", tag)])


class PageOneTooLong(Reference):
    """Fetches one entry more than asked for, to see whether any follow, and sends it."""

    def tag_page(self, ordered: Sequence[str], count: int | None, last: str) -> list[str]:
        """Return one entry more than a page may have."""
        return super().tag_page(ordered, None if count is None else count + 1, last)


class PageSizeIgnored(Reference):
    """Ignores n."""

    def page_size(self, request: Incoming) -> int | None:
        """Return no limit."""
        super().page_size(request)
        return None


class PageCutShort(Reference):
    """Lists one tag at most, and does not tell how to go on."""

    def tag_page(self, ordered: Sequence[str], count: int | None, last: str) -> list[str]:
        """Return at most one entry where a page is asked for."""
        return super().tag_page(ordered, None if count is None else min(count, 1), last)

    def has_more(self, page: Sequence[str], ordered: Sequence[str]) -> bool:
        """Return that nothing follows."""
        return False


class LinkUnrelated(Reference):
    """Links to the next page without saying what it links to."""

    def link(self, path: str, *parameters: tuple[str, str]) -> str:
        """Return a Link without its relation type."""
        return super().link(path, *parameters).partition(";")[0]


class NewestFirst(Reference):
    """Begins a page without last at the end of the list, where the newest tags are."""

    def tag_page(self, ordered: Sequence[str], count: int | None, last: str) -> list[str]:
        """Return the page after last, or the last page."""
        if count and not last:
            return list(ordered[-count:])
        return super().tag_page(ordered, count, last)


class LastIncluded(Reference):
    """Begins a page at last, not after it."""

    def tag_page(self, ordered: Sequence[str], count: int | None, last: str) -> list[str]:
        """Return at most count entries from last on."""
        start = bisect_left(ordered, last)
        return list(ordered[start:] if count is None else ordered[start : start + count])


class LastHasToExist(Reference):
    """Looks last up among the tags, and begins anew where it is none."""

    def tag_page(self, ordered: Sequence[str], count: int | None, last: str) -> list[str]:
        """Return the entries after last, or from the start where that is none of them."""
        return super().tag_page(ordered, count, last if last in ordered else "")


class LastNeedsN(Reference):
    """Reads last only where there is an n."""

    def last_seen(self, request: Incoming) -> str:
        """Return after which entry the page begins."""
        last = super().last_seen(request)
        return last if request.parameter("n") is not None else ""


class LinkSkipsOne(Reference):
    """Links to the page after the first entry of the next page."""

    def next_page(
        self, request: Incoming, page: Sequence[str], ordered: Sequence[str], count: int | None
    ) -> dict[str, str]:
        """Return the Link header, with the entry that follows in place of the last one."""
        if not self.has_more(page, ordered):
            return {}
        following = ordered[ordered.index(page[-1]) + 1]
        return {"Link": self.link(request.path, ("n", str(count)), ("last", following))}


class LinkToItself(Reference):
    """Links from each page to the first one."""

    def link(self, path: str, *parameters: tuple[str, str]) -> str:
        """Return a Link without last."""
        kept = (pair for pair in parameters if pair[0] != "last")
        return super().link(path, *kept)


class NumberUnchecked(Reference):
    """Reads n as a number without asking whether it is one."""

    def page_size(self, request: Incoming) -> int | None:
        """Return how many entries a page may have."""
        given = request.parameter("n")
        return None if given is None else abs(int(given))


class ListCached(Reference):
    """Keeps the list of tags of a repository until a push, and not until a delete."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start with nothing kept."""
        super().__init__(options)
        self.lists: dict[str, list[str]] = {}

    def set_tag(self, name: str, tag: str, digest: str) -> None:
        """Point a tag at a manifest, and forget the list of before."""
        self.lists.pop(name, None)
        super().set_tag(name, tag, digest)

    def get_tags(self, request: Incoming) -> Answer:
        """Answer GET of the tags from the list that is kept."""
        repository = self.need_repository(request.name)
        kept = self.lists.setdefault(request.name, list(repository.tags))
        tags = repository.tags
        repository.tags = {tag: tags.get(tag, "") for tag in kept}
        try:
            return super().get_tags(request)
        finally:
            repository.tags = tags


BAD_LISTS: tuple[Defect, ...] = (
    Defect("reads-make-repositories", "makes a repository when a manifest is pulled from it",
        ("OCI-TAGS-10",), ReadsMakeRepositories, kind="Q"),
    Defect("missing-list-empty", "lists no tags of a repository that is not there",
        ("OCI-TAGS-10",), MissingListEmpty, kind="S"),
    Defect("zero-is-no-limit", "lists all tags with n=0",
        ("OCI-TAGS-06",), ZeroIsNoLimit, "zot#1777", kind="S"),
    Defect("tagless-not-found", "answers 404 for a repository that has manifests and no tags",
        ("OCI-TAGS-01",), TaglessNotFound, kind="Q"),
    Defect("tags-null", "lists no tags as null",
        ("OCI-TAGS-02",), TagsNull, kind="S"),
    Defect("list-named-short", "names a repository by the last part of its name",
        ("OCI-TAGS-02",), ListNamedShort, kind="S"),
    Defect("tags-unordered", "lists tags in the order in which they were pushed",
        ("OCI-TAGS-03",), TagsUnordered, "distribution#1936, quay#2884", kind="S"),
    Defect("tags-by-version", "lists tags in the order of the numbers in them",
        ("OCI-TAGS-03",), TagsByVersion, kind="S"),
    Defect("page-one-too-long", "lists one tag more than n",
        ("OCI-TAGS-04",), PageOneTooLong, kind="S"),
    Defect("page-size-ignored", "lists all tags whatever n is",
        ("OCI-TAGS-04", "OCI-TAGS-06"), PageSizeIgnored, "distribution#1936", kind="S"),
    Defect("page-cut-short", "lists one tag where n asks for more, without a Link",
        ("OCI-TAGS-04",), PageCutShort, "quay#2884", kind="S"),
    Defect("link-unrelated", "links to the next page without a relation type",
        ("OCI-TAGS-05",), LinkUnrelated, kind="S"),
    Defect("newest-first", "begins without last at the end of the list",
        ("OCI-TAGS-07",), NewestFirst, kind="S"),
    Defect("last-included", "begins a page with last itself",
        ("OCI-TAGS-08",), LastIncluded, kind="S"),
    Defect("last-has-to-exist", "begins anew where last is no tag",
        ("OCI-TAGS-08",), LastHasToExist, kind="S"),
    Defect("last-needs-n", "ignores last where there is no n",
        ("OCI-TAGS-08",), LastNeedsN, "zot#1777", kind="S"),
    Defect("link-skips-one", "loses the tag between two pages",
        ("OCI-TAGS-09",), LinkSkipsOne, kind="Q"),
    Defect("link-to-itself", "links from every page to the first",
        ("OCI-TAGS-09",), LinkToItself, kind="Q"),
    Defect("number-unchecked", "fails where n is no number",
        ("OCI-TAGS-11",), NumberUnchecked, kind="S"),
    Defect("list-cached", "lists a tag that was deleted",
        ("OCI-DEL-02",), ListCached, kind="Q"),
)  # fmt: skip
