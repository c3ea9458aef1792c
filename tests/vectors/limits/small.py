# Writes small.txt: limits of score intervals for small tables, and for tables in which nearly everybody has the event, with 50 digits.
# The hypothesis is searched by its own equation: for a ratio with the quadratic formula of the restricted rate, for a difference by the
# multiplier of Lagrange. 25 tables were also searched by bisection of the likelihood, as limits.py does; all agreed to 30 digits.
# python3 small.py > small.txt          (needs mpmath; takes some minutes)
import random

from mpmath import erfinv, inf, mp, mpf, nstr, sqrt

mp.dps = 50
LEVELS = ["0.5", "0.8", "0.9", "0.95", "0.99", "0.999", "0.9999"]
LARGEST = 12
# Of the 56,700 small tables and levels each so-manieth.
EVERY = 101
SATURATED = 250
random.seed(20261129)


def root(rises, low, high):
    """The root of a rising function between low and high: false position (Illinois), with halves in between."""
    below, above, side = rises(low), rises(high), 0
    for step in range(400):
        if high - low < abs(high) * mpf(10) ** -40:
            break
        middle = (low * above - high * below) / (above - below) if step > 10 and step % 5 else (low + high) / 2
        middle = middle if low < middle < high else (low + high) / 2
        value = rises(middle)
        if value <= 0:
            above = above / 2 if side < 0 else above
            low, below, side = middle, value, -1
        else:
            below = below / 2 if side > 0 else below
            high, above, side = middle, value, 1
    return (low + high) / 2


def upper_difference(x1, n1, x2, n2, critical):
    p1, p2 = x1 / n1, x2 / n2
    room = 1 - p1 + p2
    if room == 0:
        return mpf(1)

    def move(p, n, m):
        t = m / n
        half = 1 - t * (1 - 2 * p)
        return (sqrt(half * half + 4 * t * t * p * (1 - p)) - half) / (2 * t)

    excess = lambda m: m * (move(p1, n1, m) + move(1 - p2, n2, m)) - critical
    return min(mpf(1), p1 - p2 + critical / root(excess, critical / room, (critical + n1 + n2) / room))


def upper_ratio(x1, n1, x2, n2, critical):
    if x2 == 0:
        return inf

    def excess(r):
        b = n1 * r + x1 + n2 + x2 * r
        p2 = 2 * (x1 + x2) / (b + sqrt(max(mpf(0), b * b - 4 * (n1 + n2) * r * (x1 + x2))))
        p1 = r * p2
        return (x1 / n1 - r * x2 / n2) ** 2 - critical * (p1 * (1 - p1) / n1 + r * r * p2 * (1 - p2) / n2)

    low = x1 / n1 * n2 / x2
    high = 2 * max(low, mpf(1))
    while excess(high) <= 0:
        high *= 4
    if low == 0:
        low = high
        while excess(low) > 0:
            low /= 4
    return root(excess, low, high)


def line(x1, n1, x2, n2, level):
    critical = 2 * erfinv(mpf(float(level))) ** 2 * mpf(n1 + n2) / (n1 + n2 - 1)
    one, other = [mpf(n) for n in (x1, n1, x2, n2)], [mpf(n) for n in (x2, n2, x1, n1)]
    ratio = [1 / upper_ratio(*other, critical) if x1 else mpf(0), upper_ratio(*one, critical)] if x1 + x2 else ["nan", "nan"]
    difference = [-upper_difference(*other, critical), upper_difference(*one, critical)]
    limits = [value if isinstance(value, str) else nstr(value, 20).replace("+inf", "inf") for value in ratio + difference]
    print(x1, n1, x2, n2, level, *limits, flush=True)


def small():
    sizes = range(1, LARGEST + 1)
    return [(x1, n1, x2, n2, level) for level in LEVELS for n1 in sizes for n2 in sizes for x1 in range(n1 + 1) for x2 in range(n2 + 1)]


def exposed():
    return random.randint(1, 60) if random.random() < 0.3 else int(10 ** random.uniform(0, 9))


def nearly_all(n):
    kind = random.random()
    if kind < 0.4:
        return n
    if kind < 0.8:
        return max(0, n - random.choice([1, 2, 3, 5, 10, 100, 1000]))
    return max(0, n - int(n * 10 ** random.uniform(-6, -1)))


print("# x1 n1 x2 n2 level, lower and upper limit of the ratio, of the difference; made by small.py")
line(1, 3, 4, 6, "0.99")
for level in LEVELS:
    line(41, 41, 5452359, 5452359, level)
for table in small()[::EVERY]:
    line(*table)
for _ in range(SATURATED):
    n1, n2 = exposed(), exposed()
    n2 = n1 if random.random() < 0.1 else n2
    line(nearly_all(n1), n1, nearly_all(n2), n2, random.choice(LEVELS))
