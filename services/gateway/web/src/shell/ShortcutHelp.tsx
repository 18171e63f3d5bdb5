// `?`: everything the keyboard does here, read from what is registered right now.
import { Button } from "../ui/controls";
import { Dialog } from "../ui/Dialog";
import { Icon } from "../ui/icons";
import { Keys } from "../ui/Keys";
import type { Shortcut } from "./keys";

export function ShortcutHelp({ shortcuts, onClose }: { shortcuts: Shortcut[]; onClose: () => void }) {
  const groups = [...new Set(shortcuts.map((item) => item.group))];
  return (
    <Dialog className="help" labelledBy="help-title" onClose={onClose}>
      {(close) => (
        <div className="help-inside">
          <header className="help-head">
            <h2 id="help-title">Keyboard</h2>
            <Button onClick={close} aria-label="Close">
              <Icon name="close" />
            </Button>
          </header>
          <div className="help-groups">
            {groups.map((group) => (
              <section key={group}>
                <h3>{group}</h3>
                <dl className="help-list">
                  {shortcuts
                    .filter((item) => item.group === group)
                    .map((item) => (
                      <div key={item.keys}>
                        <dt>{item.name}</dt>
                        <dd>
                          <Keys keys={item.keys.replace("Ctrl+k", "Ctrl K")} />
                        </dd>
                      </div>
                    ))}
                </dl>
              </section>
            ))}
          </div>
        </div>
      )}
    </Dialog>
  );
}
