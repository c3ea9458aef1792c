# Writes limits.txt: tables and the limits of their score intervals, by bisection of the score equation in arithmetic with 40 digits.
# Nothing in it is clever: restricted rates by bisection of the likelihood's slope (for a difference) or by the quadratic formula (for a ratio).
# python3 limits.py > limits.txt        (needs mpmath; takes some minutes)
import random

from mpmath import erfinv, exp, inf, log, mp, mpf, nstr, sqrt

mp.dps = 40
TABLES = 260
random.seed(20261129)


def exposed():
    return random.randint(1, 30) if random.random() < 0.25 else int(10 ** random.uniform(0, 9))


def events(n):
    kind = random.random()
    if kind < 0.1:
        return 0
    if kind < 0.2:
        return n
    if kind < 0.3:
        return min(n, random.randint(1, 5))
    if kind < 0.4:
        return max(0, n - random.randint(1, 5))
    if kind < 0.7:
        return int(n * 10 ** random.uniform(-4, 0))
    return random.randint(0, n)


def last(low, high, holds, steps):
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return (low + high) / 2


def within(x1, n1, x2, n2, rates, slope, shift, critical):
    p1, p2 = rates
    variance = (p1 * (1 - p1) / n1 + slope**2 * p2 * (1 - p2) / n2) * (n1 + n2) / (n1 + n2 - 1)
    return (x1 / n1 - slope * x2 / n2 - shift) ** 2 < critical * variance


def rates_of_difference(x1, n1, x2, n2, difference):
    part = lambda count, rate: count / rate if count else mpf(0)
    rises = lambda p: part(x1, p + difference) + part(x2, p) > part(n1 - x1, 1 - p - difference) + part(n2 - x2, 1 - p)
    p2 = last(max(mpf(0), -difference), min(mpf(1), 1 - difference), rises, 140)
    return p2 + difference, p2


def rates_of_ratio(x1, n1, x2, n2, ratio):
    b = n1 * ratio + x1 + n2 + x2 * ratio
    p2 = 2 * (x1 + x2) / (b + sqrt(max(mpf(0), b * b - 4 * (n1 + n2) * ratio * (x1 + x2))))
    return ratio * p2, p2


def upper_ratio(x1, n1, x2, n2, critical):
    if x2 == 0:
        return inf
    inside = lambda r: within(x1, n1, x2, n2, rates_of_ratio(x1, n1, x2, n2, r), r, mpf(0), critical)
    low = log(x1 / n1) - log(x2 / n2) if x1 else mpf(-60)
    return exp(last(low, mpf(60), lambda r: inside(exp(r)), 90))


def upper_difference(x1, n1, x2, n2, critical):
    inside = lambda d: within(x1, n1, x2, n2, rates_of_difference(x1, n1, x2, n2, d), mpf(1), d, critical)
    return last(x1 / n1 - x2 / n2, mpf(1), inside, 75)


print("# x1 n1 x2 n2 level, lower and upper limit of the ratio, of the difference; made by limits.py")
for _ in range(TABLES):
    n1, n2 = exposed(), exposed()
    if random.random() < 0.1:
        n2 = n1
    x1, x2 = events(n1), events(n2)
    level = random.choice([0.5, 0.8, 0.9, 0.95, 0.99, 0.999, random.uniform(0.5, 0.999)])
    critical = 2 * erfinv(mpf(level)) ** 2
    one, other = [mpf(n) for n in (x1, n1, x2, n2)], [mpf(n) for n in (x2, n2, x1, n1)]
    ratio = [1 / upper_ratio(*other, critical) if x1 else mpf(0), upper_ratio(*one, critical)] if x1 + x2 else ["nan", "nan"]
    difference = [-upper_difference(*other, critical), upper_difference(*one, critical)]
    limits = [value if isinstance(value, str) else nstr(value, 20).replace("+inf", "inf") for value in ratio + difference]
    print(x1, n1, x2, n2, repr(level), *limits, flush=True)
