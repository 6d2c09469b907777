"""Any interleaving of appending, crashing and reopening keeps exactly what was acknowledged."""

import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stores.journal import Journal, NewEntry

EVENTS = st.tuples(st.sampled_from("abcdef"), st.sampled_from("xy"), st.sampled_from(["viettel", "vnpt"]))
BATCHES = st.lists(EVENTS, max_size=6)


def entry_of(event, number):
    id_, content, reporter = event
    digest = sha256(content.encode()).digest()
    return NewEntry(
        "event", reporter, f"{reporter}/n", id_, digest, number, f"{id_}{content}{reporter}".encode()
    )


class Crash(BaseException):
    pass


class JournalMachine(RuleBasedStateMachine):
    """Beside the journal runs a model: a list of what was acknowledged, a dict of identities."""

    def __init__(self):
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="journal-"))
        self.generation = 0
        self.journal = self.opened()
        self.kept = {}  # offset -> body
        self.identities = {}  # (reporter, id) -> (content, receipt, offset)
        self.end = 0
        self.position = None
        self.receipts = 0

    def opened(self):
        directory = self.root / str(self.generation)
        directory.mkdir(exist_ok=True)
        journal = Journal(directory / "journal.db", identity_ms=0)
        journal.open()
        return journal

    @rule(batch=BATCHES)
    def append(self, batch):
        self.receipts += 1
        receipt = f"r{self.receipts}"
        answers = self.journal.append([entry_of(event, self.end) for event in batch], receipt)
        for (id_, content, reporter), answer in zip(batch, answers, strict=True):
            known = self.identities.get((reporter, id_))
            if known is None:
                self.end += 1
                expected = ("accepted", self.end, receipt)
                self.kept[self.end] = f"{id_}{content}{reporter}".encode()
                self.identities[reporter, id_] = (content, receipt, self.end)
            else:
                expected = ("duplicate" if known[0] == content else "conflict", known[2], known[1])
            assert (answer.outcome.value, answer.offset, answer.receipt) == expected

    @rule(batch=BATCHES, written=st.booleans())
    def crash(self, batch, written):
        """What a kill leaves is what the files hold at that moment; the lock table dies with the process."""
        here = self.journal.path
        self.generation += 1
        there = self.root / str(self.generation)
        there.mkdir()

        def die(transaction):
            if written:
                transaction.append([entry_of(event, self.end) for event in batch], "never told")
            for name in (here.name, here.name + "-wal"):
                shutil.copy(here.with_name(name), there / name)
            raise Crash

        try:
            self.journal.write([die])
        except Crash:
            self.journal.close()
        self.journal = self.opened()

    @rule()
    def reopen(self):
        self.journal.close()
        self.journal = self.opened()

    @rule(data=st.data())
    def commit(self, data):
        self.position = data.draw(st.integers(0, self.end))
        self.journal.commit("engine", self.position)

    @precondition(lambda self: self.position is not None)
    @rule()
    def trim(self):
        gone = [offset for offset in self.kept if offset <= self.position]
        assert self.journal.trim(10**15) == len(gone)
        for offset in gone:
            del self.kept[offset]

    @rule()
    def forget(self):
        assert self.journal.forget_identities(10**15) == len(self.identities)
        self.identities.clear()

    @invariant()
    def holds_exactly_what_was_acknowledged(self):
        assert {s.offset: s.body for s in self.journal.read(0, 10_000)} == self.kept
        assert self.journal.last_offset() == self.end

    def teardown(self):
        self.journal.close()
        shutil.rmtree(self.root)


JournalMachine.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestJournal = JournalMachine.TestCase
