"""Prefetch schedules in a live event: when each session asks the ad server.

The rules are those of AWS's user guide ("How prefetching works") and API reference (PrefetchSchedule):

* A schedule serves the sessions of its playback configuration whose stream id equals its own, byte for byte.
* MediaTailor asks the ad server when a session's player asks for a playlist: ahead, by the first such request in the
  retrieval window; at a break, by the first one in the break. One schedule makes one request a session, for one break.
* Ads that were fetched ahead fill a break within the consumption window, without another request. A session that holds
  none, because it joined after its window or matches no schedule, asks at the break.

AWS does not say which sessions a schedule without a StreamId serves: it is refused. So are recurring schedules, which
are not played; nor are traffic shaping, avail matching criteria and dynamic variables.
"""

import collections
import dataclasses
import math

MAX_SCHEDULES = 25  # per playback configuration, AWS's quota
MAX_AVAILS = 100

PREFETCH = "prefetch"  # a request ahead of a break
BREAK = "break"        # a request at the break
SERVED = "served"      # a break filled by what was fetched ahead: no request


class Refused(ValueError):
    """What was said of the event cannot be played."""


@dataclasses.dataclass(frozen=True)
class Window:
    """From start until just before end, in seconds."""

    start: float
    end: float

    def __post_init__(self):
        if not self.start < self.end:
            raise Refused(f"A window from {self.start} to {self.end} is empty")

    def __contains__(self, time):
        return self.start <= time < self.end

    @classmethod
    def from_json(cls, times):
        """{"StartTime":..,"EndTime":..} in seconds, as the API has it; without StartTime it has always been open."""
        if not isinstance(times, dict) or not all(map(is_time, (times.get("StartTime", 0), times.get("EndTime")))):
            raise Refused("A window is an object with the numbers StartTime and EndTime")
        return cls(times.get("StartTime", -math.inf), times["EndTime"])


@dataclasses.dataclass(frozen=True)
class Schedule:
    configuration: str
    stream_id: str
    retrieval: Window
    consumption: Window

    @classmethod
    def from_json(cls, item):
        """An item of ListPrefetchSchedules."""
        if not isinstance(item, dict) or item.get("ScheduleType", "SINGLE") != "SINGLE":
            raise Refused("A schedule is an object of ScheduleType SINGLE")
        names = item.get("PlaybackConfigurationName"), item.get("StreamId")
        if not all(isinstance(name, str) and name for name in names):
            raise Refused("A schedule needs PlaybackConfigurationName and StreamId")
        return cls(*names, Window.from_json(item.get("Retrieval")), Window.from_json(item.get("Consumption")))

    def matches(self, viewer):
        return (self.configuration, self.stream_id) == (viewer.configuration, viewer.stream_id)


@dataclasses.dataclass(frozen=True)
class Viewer:
    """A session and its player, which asks for a playlist as it joins and every refresh seconds from then on."""

    configuration: str
    stream_id: str
    joined: float
    refresh: float

    def first_request(self, window):
        """When the player first asks within the window; None if it does not."""
        earliest = max(window.start, self.joined)
        time = self.joined + math.ceil((earliest - self.joined) / self.refresh) * self.refresh
        return time if time in window else None


def ad_requests(viewer, schedules, avails):
    """(time, PREFETCH, BREAK or SERVED) of all that a session does at the ad server, and of what it is spared."""
    held = []
    for schedule in schedules:
        time = viewer.first_request(schedule.retrieval) if schedule.matches(viewer) else None
        if time is not None:
            held.append((time, schedule))
            yield time, PREFETCH
    for avail in avails:
        time = viewer.first_request(avail)
        if time is None:
            continue
        ads = next((ads for ads in held if ads[0] <= time and time in ads[1].consumption), None)
        if ads is not None:
            held.remove(ads)
        yield time, BREAK if ads is None else SERVED


class Event:
    """A live event on a clock of its own: who joins it, and what the ad server has been asked so far.

    Nothing happens but by the clock's steps, so an event plays as fast as its audience can join.
    """

    def __init__(self, refresh=4, avails=(), schedules=()):
        self.refresh = refresh
        self.avails = sorted(avails, key=lambda avail: avail.start)
        self.schedules = schedules
        self.now = 0
        self.joined = set()
        self.stream_ids = collections.defaultdict(collections.Counter)
        self.asked = collections.defaultdict(collections.Counter)

    @classmethod
    def from_json(cls, object_):
        """{"refresh":SECONDS,"avails":[{"StartTime":..,"EndTime":..}],"schedules":[...]}"""
        if not isinstance(object_, dict) or not is_time(object_.get("refresh")) or object_["refresh"] <= 0:
            raise Refused("An event is an object with refresh, the seconds between a player's requests")
        avails, items = object_.get("avails", []), object_.get("schedules", [])
        if not isinstance(avails, list) or not isinstance(items, list):
            raise Refused("avails and schedules are lists")
        schedules = [Schedule.from_json(item) for item in items]
        quota = collections.Counter(schedule.configuration for schedule in schedules)
        if len(avails) > MAX_AVAILS or max(quota.values(), default=0) > MAX_SCHEDULES:
            raise Refused(f"At most {MAX_AVAILS} avails, and {MAX_SCHEDULES} schedules a playback configuration")
        return cls(object_["refresh"], list(map(Window.from_json, avails)), schedules)

    def set_clock(self, now):
        if not is_time(now) or now < self.now:
            raise Refused(f"The clock is at {self.now} and goes forward only")
        self.now = now

    def join(self, session):
        """At a session's first playlist request. From here on all that it will do follows."""
        if not self.avails or session.id in self.joined:
            return
        self.joined.add(session.id)
        viewer = Viewer(session.configuration, session.stream_id, self.now, self.refresh)
        self.stream_ids[viewer.configuration][viewer.stream_id] += 1
        for time, kind in ad_requests(viewer, self.schedules, self.avails):
            self.asked[viewer.configuration][math.floor(time), kind] += 1

    def json(self):
        """What has happened in the seconds that are over, per playback configuration."""
        return {"now": self.now, "configurations": {name: self.happened(name) for name in self.stream_ids}}

    def happened(self, configuration):
        seconds = collections.defaultdict(dict)
        for (second, kind), count in sorted(self.asked[configuration].items()):
            if second < self.now:
                seconds[second][kind] = count
        return {
            "streamIds": {stream_id or "(none)": count for stream_id, count in self.stream_ids[configuration].items()},
            "seconds": [{"second": second, **counts} for second, counts in seconds.items()],
        }


def is_time(value):
    return type(value) in (int, float) and math.isfinite(value)
