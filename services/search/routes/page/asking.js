// Requests to the catalogue. Busy answers are tried again, and errors are explained in words.

const MOST_TRIES = 5;
const LONGEST_WAIT_SECONDS = 30;
const TITLES = {
  404: "Not found",
  422: "The query is not valid",
  429: "The catalogue is too busy",
  503: "The catalogue is too busy",
};

/** Why there is no answer: a message for people, details, the faults of a query by field, and whether to try again. */
export class Trouble extends Error {
  name = "Trouble";

  constructor(message, { status = null, detail = "", faults = [], passes = true } = {}) {
    super(message);
    Object.assign(this, { status, detail, faults, passes });
  }
}

/** The requests of one view. Once the page shows another view, late answers are dropped. */
export class Asking {
  #controller = new AbortController();
  #tell;

  constructor(tell) {
    this.#tell = tell;
  }

  get isOver() {
    return this.#controller.signal.aborted;
  }

  end() {
    this.#controller.abort();
  }

  /** The JSON answer of a route. */
  async get(path, fields = {}) {
    const query = String(new URLSearchParams(fields));
    for (let tried = 1; ; tried += 1) {
      const response = await this.#fetched(`${path}${query && "?"}${query}`);
      const answer = await this.#read(response);
      if (response.ok) return answer;
      if (![429, 503].includes(response.status) || tried === MOST_TRIES) throw troubleOf(response.status, answer);
      await this.#wait(response.headers.get("Retry-After"));
    }
  }

  async #fetched(url) {
    try {
      return await fetch(url, { signal: this.#controller.signal, headers: { Accept: "application/json" } });
    } catch (error) {
      if (this.isOver) throw error;
      throw new Trouble("The catalogue does not answer", {
        detail: "It may be restarting, or the network is interrupted.",
      });
    }
  }

  async #read(response) {
    try {
      return await response.json();
    } catch (error) {
      if (this.isOver) throw error;
      const detail = `The answer is not from the catalogue (status ${response.status}).`;
      throw new Trouble("The catalogue does not answer", { status: response.status, detail });
    } finally {
      this.#controller.signal.throwIfAborted();
    }
  }

  async #wait(retryAfter) {
    const seconds = Math.min(Math.max(Number(retryAfter) || 1, 1), LONGEST_WAIT_SECONDS);
    this.#tell(`The catalogue is busy. Trying again in ${seconds} s …`);
    await new Promise((resolve) => {
      setTimeout(resolve, seconds * 1000);
    });
    this.#controller.signal.throwIfAborted();
    this.#tell("");
  }
}

/** An answer, or else the faults of the query's fields. */
export async function answerOrFaults(asked) {
  try {
    return { answer: await asked, faults: [] };
  } catch (error) {
    if (!error.faults?.length) throw error;
    return { answer: null, faults: error.faults };
  }
}

function troubleOf(status, { detail, errors = [] }) {
  const passes = ![404, 422].includes(status);
  return new Trouble(TITLES[status] ?? "Error in the catalogue", { status, detail, faults: errors, passes });
}
