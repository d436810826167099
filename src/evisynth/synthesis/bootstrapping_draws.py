"""The draws of a bootstrap, and the interval of each quantity from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from evisynth.stats import (
    BootstrapLimits,
    BootstrapMethod,
    bootstrap_limits,
    estimate_tau2,
    jackknife_acceleration,
    leave_one_out_batch,
    pool_batch,
    resampling_blocks,
    subset_batch,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evisynth.stats import PooledBatch
    from evisynth.synthesis.pooled import PooledFit

    Floats = NDArray[np.float64]

__all__ = ["BootstrapKind", "Draws", "Quantity", "draw", "quantities_of"]

BootstrapKind = Literal["parametric", "nonparametric"]
RANGES = {"tau2": (0.0, float("inf")), "i2": (0.0, 100.0)}
EQUAL_EFFECTS = "the equal-effects model has no between-study variance"


@dataclass(frozen=True, slots=True)
class Draws:
    """Fits of all draws; each field has shape (B,) and is NaN where ``failed``."""

    estimate: Floats
    se: Floats
    tau2: Floats
    tau2_se: Floats
    i2: Floats
    failed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Quantity:
    """What an interval is wanted of.

    ``draws`` and ``draw_se`` have shape (B,); ``reasons`` says by method why there is no interval.
    """

    name: str
    observed: float
    draws: Floats
    draw_se: Floats | None
    observed_se: float
    acceleration: float
    percentile_draws: Floats
    reason: str = ""

    def limits(self, method: BootstrapMethod, level: float) -> BootstrapLimits:
        """Return one interval, brought into the range of the quantity."""
        nan = float("nan")
        if self.reason:
            return BootstrapLimits(nan, nan, self.reason)
        if method == "bca" and self.name == "prediction":
            return BootstrapLimits(nan, nan, "BCa is not defined for the effect of a new study")
        found = bootstrap_limits(
            self.percentile_draws if method == "percentile" else self.draws,
            self.observed,
            method,
            level=level,
            draw_se=self.draw_se,
            observed_se=self.observed_se,
            acceleration=self.acceleration,
        )
        return _in_range(found, *RANGES.get(self.name, (-float("inf"), float("inf"))))


def _in_range(found: BootstrapLimits, lowest: float, highest: float) -> BootstrapLimits:
    """Bring limits to the edge of what is possible, and say so."""
    if not (found.lower < lowest or found.upper > highest):
        return found
    words = "a limit beyond the possible range was brought to its edge"
    lower, upper = (float(min(max(limit, lowest), highest)) for limit in (found.lower, found.upper))
    return BootstrapLimits(lower, upper, f"{found.reason}; {words}" if found.reason else words)


def draw(
    fit: PooledFit, count: int, kind: BootstrapKind, seed: np.random.SeedSequence, ses: bool
) -> Draws:
    """Draw and fit; ``ses`` asks for the standard errors of tau²."""
    here = fit.effects.estimable
    y, v = fit.effects.estimates[here], fit.effects.variances[here]
    options = fit.options
    added = 0.0 if np.isnan(fit.tau2) else fit.tau2
    generator = np.random.default_rng(seed)
    parts: list[tuple[PooledBatch, Floats]] = []
    for begin, end in resampling_blocks(count, fit.k):
        shape = (end - begin, fit.k)
        if kind == "parametric":
            made = fit.estimate + np.sqrt(v + added) * generator.standard_normal(shape)
            beside = np.broadcast_to(v, shape)
            done = pool_batch(
                made,
                beside,
                model=options.model,
                tau2=options.tau2,
                ci=options.ci,
                safeguard=options.safeguard,
                level=options.level,
            )
        else:
            rows = generator.integers(0, fit.k, shape)
            made, beside = y[rows], v[rows]
            done = subset_batch(
                y,
                v,
                rows,
                model=options.model,
                tau2=options.tau2,
                ci=options.ci,
                safeguard=options.safeguard,
                level=options.level,
            )
        tau2_se = np.full(len(made), np.nan)
        if ses and options.model == "random":
            tau2_se = estimate_tau2(made, beside, method=options.tau2).se
        parts.append((done, tau2_se))
    failed = np.concatenate([~(one.converged & np.isfinite(one.estimate)) for one, _ in parts])

    def column(name: str) -> Floats:
        whole = np.concatenate([getattr(one, name) for one, _ in parts])
        return np.where(failed, np.nan, whole)

    return Draws(
        estimate=column("estimate"),
        se=column("se"),
        tau2=column("tau2"),
        tau2_se=np.where(failed, np.nan, np.concatenate([one for _, one in parts])),
        i2=column("i2"),
        failed=failed,
    )


def quantities_of(
    fit: PooledFit, draws: Draws, kind: BootstrapKind, seed: np.random.SeedSequence
) -> tuple[Quantity, ...]:
    """Return what intervals are computed of, with what each kind of interval needs."""
    speed = _accelerations(fit, kind)
    random = fit.options.model == "random"

    def of(name: str, draw_se: Floats | None, observed_se: float, reason: str) -> Quantity:
        values: Floats = getattr(draws, name)
        return Quantity(
            name, getattr(fit, name), values, draw_se, observed_se, speed[name], values, reason
        )

    return (
        of("estimate", draws.se, fit.se, ""),
        of("tau2", draws.tau2_se, fit.tau2_se, "" if random else EQUAL_EFFECTS),
        of("i2", None, float("nan"), ""),
        _prediction(fit, draws, seed),
    )


def _prediction(fit: PooledFit, draws: Draws, seed: np.random.SeedSequence) -> Quantity:
    """Return the effect of a new study, with the error that predicting it makes."""
    normal = np.random.default_rng(seed).standard_normal((2, len(draws.estimate)))
    theta = fit.estimate + np.sqrt(fit.tau2) * normal[0]
    error = theta - draws.estimate
    reason = ""
    if fit.options.model == "equal":
        reason = "the equal-effects model assumes one effect for all studies"
    elif fit.k < 3:
        reason = "a prediction interval needs at least three studies"
    return Quantity(
        name="prediction",
        observed=fit.estimate,
        draws=fit.estimate - error,
        draw_se=np.sqrt(draws.tau2 + draws.se**2),
        observed_se=float(np.sqrt(fit.tau2 + fit.se**2)),
        acceleration=float("nan"),
        percentile_draws=draws.estimate + np.sqrt(draws.tau2) * normal[1],
        reason=reason,
    )


def _accelerations(fit: PooledFit, kind: BootstrapKind) -> dict[str, float]:
    """Return the accelerations of BCa: of the jackknife, or of the normal model."""
    here = fit.effects.estimable
    y, v = fit.effects.estimates[here], fit.effects.variances[here]
    options = fit.options
    if kind == "parametric" and options.model == "random":
        w = v.min() / (v + fit.tau2)  # the ratio below is free of scale
        skew = float((w**3).sum() / (6 * (0.5 * (w**2).sum()) ** 1.5))
        return {"estimate": 0.0, "tau2": skew, "i2": skew}
    without = leave_one_out_batch(
        y,
        v,
        model=options.model,
        tau2=options.tau2,
        ci=options.ci,
        safeguard=options.safeguard,
        level=options.level,
    )
    found = {
        name: jackknife_acceleration(getattr(without, name)) for name in ("estimate", "tau2", "i2")
    }
    if kind == "parametric":
        found["estimate"] = 0.0
    return found
