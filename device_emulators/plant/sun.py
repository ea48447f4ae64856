"""Where the sun stands, and what of it reaches a tilted plane under a clear or cloudy sky.

Position by the low-precision formulas of the Astronomical Almanac (good to about 0.01 degrees until
2050), horizontal irradiance of a clear sky by Haurwitz, its diffuse part by Erbs, the sky above the
plane taken as evenly bright, clouds by Kasten and Czeplak.

Simplified: no refraction, no horizon, no haze of the place, clouds dim the whole sky alike.

Source: Michalsky, Solar Energy 40 (1988) 227; Haurwitz, J. Meteorology 2 (1945) 154; Erbs, Klein
and Duffie, Solar Energy 28 (1982) 293; Kasten and Czeplak, Solar Energy 24 (1980) 177.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

J2000_UTC_S: Final = 946_728_000.0
"""2000-01-01 12:00 UTC [s since 1970]."""
YEAR_S: Final = 365.2425 * 86400.0
SOLAR_W_M2: Final = 1366.1
ALBEDO: Final = 0.2


@dataclass(frozen=True, slots=True)
class Sun:
    """Where the sun stands.

    Attributes:
        elevation_rad: above the horizon [rad].
        azimuth_rad: from north over east [rad].
    """

    elevation_rad: float
    azimuth_rad: float


@dataclass(frozen=True, slots=True)
class Plane:
    """Where modules stand and how they are turned.

    Attributes:
        latitude_deg: north positive [deg].
        longitude_deg: east positive [deg].
        tilt_deg: from the horizontal [deg].
        azimuth_deg: from north over east [deg].
    """

    latitude_deg: float
    longitude_deg: float
    tilt_deg: float
    azimuth_deg: float


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """Measured sun of one year, which repeats.

    Attributes:
        time_s: end of every interval (n_row,) [s since 1970].
        output_pu: output by rated power over the interval (n_row,) [pu].
        irradiance_pu: horizontal irradiance by 1,000 W/m2 (n_row,) [pu].
    """

    time_s: NDArray[np.float64]
    output_pu: NDArray[np.float64]
    irradiance_pu: NDArray[np.float64]

    def at(self, utc_s: float) -> tuple[float, float]:
        """Return output and irradiance [pu] at a time [s since 1970], between means of hours."""
        middle_s = self.time_s - 0.5 * (self.time_s[1] - self.time_s[0])
        time_s = middle_s[0] + (utc_s - middle_s[0]) % YEAR_S
        output = float(np.interp(time_s, middle_s, self.output_pu))
        return output, float(np.interp(time_s, middle_s, self.irradiance_pu))


def position(utc_s: float, latitude_deg: float, longitude_deg: float) -> Sun:
    """Return where the sun stands at a time [s since 1970] and place [deg]."""
    days = (utc_s - J2000_UTC_S) / 86400.0
    mean_longitude = math.radians((280.460 + 0.9856474 * days) % 360.0)
    anomaly = math.radians((357.528 + 0.9856003 * days) % 360.0)
    longitude = mean_longitude + math.radians(
        1.915 * math.sin(anomaly) + 0.020 * math.sin(2.0 * anomaly)
    )
    obliquity = math.radians(23.439 - 0.0000004 * days)
    ascension = math.atan2(math.cos(obliquity) * math.sin(longitude), math.cos(longitude))
    declination = math.asin(math.sin(obliquity) * math.sin(longitude))
    sidereal_deg = 280.46062 + 360.98564737 * days + longitude_deg
    hour = math.radians(sidereal_deg % 360.0) - ascension
    latitude = math.radians(latitude_deg)
    elevation = math.asin(
        math.sin(declination) * math.sin(latitude)
        + math.cos(declination) * math.cos(latitude) * math.cos(hour)
    )
    azimuth = math.atan2(
        -math.cos(declination) * math.sin(hour),
        math.sin(declination) * math.cos(latitude)
        - math.cos(declination) * math.sin(latitude) * math.cos(hour),
    )
    return Sun(elevation, azimuth % (2.0 * math.pi))


def clear_sky_w_m2(sun: Sun) -> float:
    """Return the irradiance of a horizontal plane under a clear sky [W/m2]."""
    height = math.sin(sun.elevation_rad)
    return 1098.0 * height * math.exp(-0.059 / height) if height > 0.01 else 0.0


def diffuse_pu(clearness_pu: float) -> float:
    """Return the diffuse part of horizontal irradiance, given its part of the extraterrestrial."""
    k = clearness_pu
    if k <= 0.22:
        return 1.0 - 0.09 * k
    if k <= 0.80:
        return 0.9511 - 0.1604 * k + 4.388 * k**2 - 16.638 * k**3 + 12.336 * k**4
    return 0.165


def cloud_factor(cloud_pu: float) -> float:
    """Return what clouds that cover `cloud_pu` of the sky leave of the irradiance [pu]."""
    return 1.0 - 0.75 * math.pow(cloud_pu, 3.4)


def on_plane_w_m2(utc_s: float, plane: Plane, cloud_pu: float = 0.0) -> float:
    """Return the irradiance of a tilted plane [W/m2] at a time [s since 1970]."""
    sun = position(utc_s, plane.latitude_deg, plane.longitude_deg)
    horizontal = clear_sky_w_m2(sun)
    if horizontal == 0.0:
        return 0.0
    height = math.sin(sun.elevation_rad)
    diffuse = horizontal * diffuse_pu(horizontal / (SOLAR_W_M2 * height))
    tilt = math.radians(plane.tilt_deg)
    turned = sun.azimuth_rad - math.radians(plane.azimuth_deg)
    incidence = height * math.cos(tilt) + math.cos(sun.elevation_rad) * math.sin(tilt) * math.cos(
        turned
    )
    beam = (horizontal - diffuse) / height * max(incidence, 0.0)
    sky = diffuse * (1.0 + math.cos(tilt)) / 2.0
    ground = horizontal * ALBEDO * (1.0 - math.cos(tilt)) / 2.0
    return (beam + sky + ground) * cloud_factor(cloud_pu)
