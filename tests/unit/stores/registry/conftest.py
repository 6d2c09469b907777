from pathlib import Path

import pytest

ENTERPRISES = (
    "id,name,brand,mnc,email,feed,heartbeat_s\nviettel,Viettel,,45204,,,\nvnpt,VNPT,,,,transition,300\n"
)
UNITS = (
    "code,name,ascii,kind,parent,lat,lon,area_km2,touches_border,valid_from,valid_to\n"
    "20,Lạng Sơn,Lang Son,province,,,,,,,\n"
    "178,Thành phố Lạng Sơn,,city,20,,,,,,2025-07-01\n"
    "05977,Đông Kinh,Dong Kinh,ward,20,21.807,106.771,54.7,no,2025-07-01,\n"
)
STATIONS = (
    "id,enterprise,name,unit,lat,lon,technologies,depends_on,commissioned\n"
    "LSN-1,viettel,Trạm 1,05977,21.8,106.7,4G;5G,LK-1,2020-01-01\n"
    "LSN-2,vnpt,Trạm 2,05977,21.8,106.7,4G,,\n"
)
LINKS = "id,enterprise,name,a_end,b_end,medium\nLK-1,viettel,,LSN-1,LSN-2,fibre\n"


@pytest.fixture
def registry_dir(tmp_path):
    """Writes a small valid registry, with the files given replaced, and gives its directory."""

    def make(**files: str | bytes | None) -> Path:
        content = {"enterprises": ENTERPRISES, "units": UNITS, "stations": STATIONS, "links": LINKS, **files}
        directory = tmp_path / "registry"
        directory.mkdir(exist_ok=True)
        for stem, text in content.items():
            if text is not None:
                (directory / f"{stem}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return directory

    return make
