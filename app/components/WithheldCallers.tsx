import { Choice } from "#app/components/Choice.tsx";
import { PostForm } from "#app/components/PostForm.tsx";
import type { WithheldChoice } from "#app/domain/blocked-callers.server.ts";

/** What happens to callers who withhold their number. */
export function WithheldCallers({ here, chosen }: { here: string; chosen: WithheldChoice }) {
  return (
    <PostForm submit="Save" submitting="Saving…" action={here}>
      <fieldset className="field">
        <legend>When a caller withholds the number</legend>
        <Choice
          name="withheld"
          value="as-others"
          chosen={chosen}
          label="Take their calls"
          hint="They are handled like all others."
          id="withheld"
        />
        <Choice
          name="withheld"
          value="message"
          chosen={chosen}
          label="Ask them for a message"
          hint="Nothing rings, and they can say who they are."
        />
        <Choice
          name="withheld"
          value="refuse"
          chosen={chosen}
          label="Refuse them"
          hint="They hear that you take no calls from withheld numbers."
        />
      </fieldset>
    </PostForm>
  );
}
