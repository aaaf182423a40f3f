"""The index of search, an embedded column store and a text engine, with the same datasets and the same questions.

    VIRTUAL_ENV=.venv .venv/bin/uv pip install -e ".[bench]"
    python -m benchmarks.search_engines --datasets 1000000
    python -m benchmarks.search_engines --datasets 10000000 --parameters 16

One engine after the other is loaded in bulk, takes ten batches of 500, and answers. All answers must be equal. What a
question costs does not depend on parameters that it does not name, so with fewer of them more datasets fit on a small
machine. DuckDB and Tantivy are in the extra `bench`, because nothing else needs them.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections import defaultdict
from contextlib import AbstractAsyncContextManager
from itertools import chain
from pathlib import Path
from statistics import median, quantiles

from benchmarks.dataset_columns import YEARS_MICROSECONDS, chunks, names_of
from benchmarks.engine_blocks import BATCH, blocks
from benchmarks.engine_duckdb import column_store
from benchmarks.engine_tantivy import text_engine
from benchmarks.index_questions import Engine, Question, questions

BATCHES = 10
REPETITIONS = 20
PAGE = 20
PATIENCE_SECONDS = 30
"""An engine that needs longer in total for one type of question is not asked it again."""
Answers = dict[tuple[int, str], object]


def distinct(names: dict[str, list[str]]) -> list[str]:
    """The names of all kinds, each once."""
    return list(dict.fromkeys(chain.from_iterable(names.values())))


async def take_in(engine: Engine, datasets: int, parameters: int, seed: int) -> None:
    """Load in bulk, then add batches, and print the rate, the size and the time until a batch is found."""
    seconds = 0.0
    for chunk in chunks(datasets, parameters, seed):
        begin = time.perf_counter()
        await engine.load(chunk)
        seconds += time.perf_counter() - begin
    begin = time.perf_counter()
    await engine.finish()
    seconds += time.perf_counter() - begin
    print(
        f"{engine.name:8} loaded in bulk: {datasets / seconds:8,.0f} datasets/s,"
        f" {await engine.size_bytes() / datasets:,.0f} bytes a dataset",
        flush=True,
    )
    taken = []
    for chunk in chunks(BATCHES * BATCH, parameters, seed, size=BATCH, first=datasets):
        chunk.started[:] = chunk.started + YEARS_MICROSECONDS  # newer than all that is there
        begin = time.perf_counter()
        await engine.add(chunk)
        newest = await engine.page(Question(), PAGE)
        taken.append((time.perf_counter() - begin) * 1000)
        assert min(newest) >= datasets, "what was committed is not found"
    times = f"p50 {median(taken):6.0f} ms, worst {max(taken):6.0f} ms"
    print(f"{engine.name:8} a batch of {BATCH}, until it is found: {times}", flush=True)


async def ask(engine: Engine, names: dict[str, list[str]], seed: int, answers: Answers) -> None:
    """Ask every type of question, with new values each time, and compare the answers with those of the first engine."""
    taken, cpu = defaultdict[str, list[float]](list), defaultdict[str, float](float)
    chance = random.Random(seed)
    for number in range(REPETITIONS + 1):
        for title, wanted, question in questions(chance, names):
            if sum(taken[title]) > PATIENCE_SECONDS * 1000:
                continue
            before, begin = engine.cpu_seconds(), time.perf_counter()
            answer = await (engine.page(question, PAGE) if wanted == "page" else engine.count(question))
            if number > 0:  # the first one warms up
                taken[title].append((time.perf_counter() - begin) * 1000)
                cpu[title] += (engine.cpu_seconds() - before) * 1000
            known = answers.setdefault((number, title), answer)
            assert answer == known, f"{engine.name} answers {title} with {answer}, the one before with {known}"
    for title, times in taken.items():
        p95 = quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
        figures = f"p50 {median(times):8.1f}  p95 {p95:8.1f}  CPU {cpu[title] / len(times):8.1f} ms  ({len(times)})"
        print(f"{engine.name:8} {title:40} {figures}", flush=True)


async def measure(datasets: int, parameters: int, seed: int, only: list[str]) -> None:
    """Measure one engine after the other, each in a temporary folder."""
    numbers, texts = names_of(parameters)
    columns = distinct(numbers), distinct(texts)
    answers: Answers = {}
    for name in only:
        with tempfile.TemporaryDirectory(prefix="search-engines-") as folder:
            engines: dict[str, AbstractAsyncContextManager[Engine]] = {
                "blocks": blocks(Path(folder)),
                "duckdb": column_store(Path(folder), *columns),
                "tantivy": text_engine(Path(folder), *columns),
            }
            async with engines[name] as engine:
                await take_in(engine, datasets, parameters, seed)
                await ask(engine, numbers, seed, answers)


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=int, default=1_000_000)
    parser.add_argument("--parameters", type=int, default=60, help="of each dataset, about; 16 or more")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engines", nargs="+", default=["blocks", "duckdb", "tantivy"])
    given = parser.parse_args()
    print(f"{given.datasets:,} datasets, {given.parameters} parameters, seed {given.seed}")
    asyncio.run(measure(given.datasets, given.parameters, given.seed, given.engines))


if __name__ == "__main__":
    main()
