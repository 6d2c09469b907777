"""What stands in InfluxDB, as data: buckets, measurements with tags and fields, downsampling tasks.

Nothing official lives only there: all of it can be made again from the archive (`btswatch rebuild influx`).
"""

from schemas.influx.findings import RESULTS
from schemas.influx.measurements import BUCKET, BUCKETS, MEASUREMENT, MEASUREMENTS, TASKS
from schemas.influx.model import Aggregate, Bucket, Field, Measurement, Role, Tag, Task, Type

__all__ = [
    "BUCKET",
    "BUCKETS",
    "MEASUREMENT",
    "MEASUREMENTS",
    "RESULTS",
    "TASKS",
    "Aggregate",
    "Bucket",
    "Field",
    "Measurement",
    "Role",
    "Tag",
    "Task",
    "Type",
    "bucket_of",
]


def bucket_of(measurement: str, prefix: str) -> str:
    """The name of the bucket that holds a measurement."""
    return BUCKET[MEASUREMENT[measurement].bucket].name(prefix)
