// Where a question is typed: suggestions as one types, taken with Tab or the arrows; Enter asks, Shift+Enter is a new line.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useId, useState, type KeyboardEvent } from "react";

import { Button } from "../ui/controls";
import { suggestionsQuery } from "./queries";

const SHOWN = 6;

export function Composer({ clusterId, isBusy, onAsk }: { clusterId: string; isBusy: boolean; onAsk: (text: string) => void }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(-1);
  const [isClosed, setClosed] = useState(false);
  const listId = useId();
  const wanted = useDeferredValue(text);
  const found = useQuery({ ...suggestionsQuery(clusterId, wanted), enabled: wanted.trim() !== "", placeholderData: keepPreviousData });
  const offers = text.trim() === "" || isClosed ? [] : (found.data?.items ?? []).filter((one) => one.text.trim() !== text.trim()).slice(0, SHOWN);

  const ask = () => {
    if (text.trim() === "" || isBusy) return;
    onAsk(text.trim());
    setText("");
    setChosen(-1);
  };
  const take = (index: number) => {
    const offer = offers[index];
    if (!offer) return;
    setText(offer.text);
    setChosen(-1);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Tab" && !event.shiftKey && offers.length > 0) {
      event.preventDefault();
      take(Math.max(0, chosen));
    } else if (event.key === "ArrowDown" && offers.length > 0) {
      event.preventDefault();
      setChosen((chosen + 1) % offers.length);
    } else if (event.key === "ArrowUp" && offers.length > 0) {
      event.preventDefault();
      setChosen((chosen <= 0 ? offers.length : chosen) - 1);
    } else if (event.key === "Escape" && offers.length > 0) {
      setClosed(true);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (chosen >= 0) take(chosen);
      else ask();
    }
  };

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      {offers.length > 0 && (
        <ul className="offers" id={listId} role="listbox" aria-label="Suggestions">
          {offers.map((offer, index) => (
            <li
              key={offer.text + offer.kind}
              id={`${listId}-${index}`}
              role="option"
              aria-selected={index === chosen}
              onMouseDown={(event) => {
                event.preventDefault();
                take(index);
              }}
            >
              <span>{offer.label}</span>
              <span className="muted">{offer.kind}</span>
            </li>
          ))}
        </ul>
      )}
      <textarea
        aria-label="Ask, or type a kubectl line"
        placeholder="Ask, or type a kubectl line"
        rows={2}
        value={text}
        role="combobox"
        aria-expanded={offers.length > 0}
        aria-controls={listId}
        aria-activedescendant={chosen >= 0 ? `${listId}-${chosen}` : undefined}
        onChange={(event) => {
          setText(event.target.value);
          setClosed(false);
          setChosen(-1);
        }}
        onKeyDown={onKeyDown}
      />
      <Button type="submit" weight="primary" disabled={isBusy || text.trim() === ""}>
        Ask
      </Button>
    </form>
  );
}
