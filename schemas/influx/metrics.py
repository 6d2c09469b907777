"""The numbers that devices and enterprises send with their evidence and that InfluxDB takes: no others, ever.

Names are those of the profiles (ingest/snmp/profiles). The archive keeps also what does not stand here.
"""

from dataclasses import dataclass
from typing import Final

from schemas.influx.model import Field, Type


@dataclass(frozen=True, slots=True)
class Metric:
    """A number of an element. `kept` ones are also downsampled to hours."""

    name: str
    unit: str
    meaning: str
    kept: bool = False

    @property
    def field(self) -> Field:
        """As a field of `link` and `station`."""
        return Field(self.name, Type.FLOAT, self.unit, self.meaning, optional=True)


METRICS: Final = (
    Metric("in_bps", "bit/s", "received at the end that was asked", kept=True),
    Metric("out_bps", "bit/s", "sent", kept=True),
    Metric("speed_bps", "bit/s", "the interface's speed"),
    Metric("in_use", "ratio", "in_bps / speed_bps, 0 to 1 (hiệu suất sử dụng chiều về)", kept=True),
    Metric("out_use", "ratio", "out_bps / speed_bps (hiệu suất sử dụng chiều đi)", kept=True),
    Metric(
        "utilisation", "ratio", "the busier direction's share of the speed (hiệu suất sử dụng)", kept=True
    ),
    Metric("in_errors_per_s", "1/s", "received packets with errors", kept=True),
    Metric("out_errors_per_s", "1/s", "packets not sent because of errors", kept=True),
    Metric("radio_rate_bps", "bit/s", "the radio's present capacity (adaptive modulation)", kept=True),
    Metric("rx_level_dbm", "dBm", "the lowest received level (mức thu)", kept=True),
    Metric("tx_power_dbm", "dBm", "transmit power"),
    Metric("snr_db", "dB", "the lowest signal-to-noise ratio", kept=True),
    Metric("cinr_db", "dB", "carrier to interference and noise", kept=True),
    Metric("mse_db", "dB", "mean square error of the demodulator"),
    Metric("radios_up", "count", "radio interfaces in operation"),
    Metric("outdoor_units", "count", "outdoor units seen"),
    Metric("rtt_ms", "ms", "the answer's time, the device's own included", kept=True),
    Metric("uptime_s", "s", "since the agent started"),
    Metric("engine_boots", "count", "snmpEngineBoots"),
    Metric("engine_time_s", "s", "snmpEngineTime"),
    Metric("cpu_percent", "%", "processor load", kept=True),
    Metric("routing_neighbours", "count", "routing neighbours seen"),
    Metric("routing_neighbours_up", "count", "routing neighbours in full state"),
    Metric("modules", "count", "modules seen"),
    Metric("modules_on", "count", "modules in operation"),
    Metric("supplies_on", "count", "power supplies in operation"),
    Metric("cells_total", "count", "cells that the station has (số cell)"),
    Metric("cells_in_service", "count", "cells in service", kept=True),
    Metric("cells_energy_saving", "count", "cells asleep to save energy"),
    Metric("subscribers_registered", "count", "terminals registered (số thuê bao đang nối)", kept=True),
    Metric("temperature_c", "°C", "the hottest sensor of the cabinet or equipment (nhiệt độ)", kept=True),
    Metric("door_open", "0 or 1", "the door is open (cửa mở)"),
    Metric("doors_open", "count", "open doors"),
    Metric("sensors", "count", "sensors seen"),
    Metric("alarms", "count", "alarms that the device shows (số cảnh báo)", kept=True),
    Metric("mains_present", "0 or 1", "mains power is there (có điện lưới)", kept=True),
    Metric("mains_v", "V", "the lowest phase"),
    Metric("battery_v", "V", "battery (điện áp ắc quy)", kept=True),
    Metric("battery_charge_percent", "%", "estimated charge", kept=True),
    Metric("battery_remaining_min", "min", "estimated time on battery", kept=True),
    Metric("on_battery_s", "s", "since mains was lost"),
    Metric("bus_v", "V", "DC bus"),
    Metric("rectifiers", "count", "rectifiers seen"),
    Metric("rectifiers_normal", "count", "rectifiers that give power"),
    Metric("input_lines", "count", "input phases of the UPS with a reading"),
    Metric("input_v", "V", "the lowest input phase"),
    Metric("output_v", "V", "the lowest output phase"),
    Metric("line_v", "V", "generator's voltage"),
    Metric("line_hz", "Hz", "generator's frequency"),
    Metric("fuel_percent", "%", "fuel (nhiên liệu)", kept=True),
)

DOWNSAMPLED: Final = tuple(one for one in METRICS if one.kept)


def aggregated(*parts: tuple[str, str]) -> tuple[Field, ...]:
    """The fields of an hour or a day: each downsampled metric with each (suffix, words) of `parts`."""
    return tuple(
        Field(f"{one.name}_{suffix}", Type.FLOAT, one.unit, f"{words} of {one.name}", optional=True)
        for one in DOWNSAMPLED
        for suffix, words in parts
    )
