from collections import Counter
from datetime import date

from btswatch.demo.drive_test import campaign
from btswatch.demo.shares import SHARES
from processors.drive_test.counting import Counting
from processors.drive_test.reading import read_files
from processors.drive_test.sample import RowFault
from processors.rules import load_rules
from schemas.time import LocalCalendar

DAY = date(2026, 11, 16)
RADIO = sorted(one.id for one in SHARES if one.stations > 0)


def test_the_demonstrations_campaign_has_good_rows_of_one_day_and_one_of_each_usual_mistake(tmp_path):
    (tmp_path / "campaign.csv").write_bytes(campaign(RADIO, DAY, 1))
    counting = Counting(RADIO, load_rules(), LocalCalendar())
    found = read_files([tmp_path / "campaign.csv"], counting, RADIO, 1 << 45, tmp_path, lambda *_: None)
    assert (found.rows, found.good) == (10_003, 10_000)
    assert found.refused == Counter((RowFault.DUPLICATE, RowFault.TIME_WITHOUT_ZONE, RowFault.PLACE))
    days = counting.days()
    assert {key[0] for key in days} == {DAY}
    share = {name: days[DAY, name, "mobile_voice", "radio_availability"].quotient for name in RADIO}
    assert min(share, key=lambda name: share[name]) == RADIO[-1], "the last one's signal is the weakest"
    assert share[RADIO[0]] > 0.95 > share[RADIO[-1]]


def test_the_same_seed_makes_the_same_file():
    assert campaign(RADIO, DAY, 3) == campaign(RADIO, DAY, 3) != campaign(RADIO, DAY, 4)
