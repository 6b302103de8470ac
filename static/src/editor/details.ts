/** The workflow's name and description: they are no part of the draft, and are saved on their own. */
import { postJson, ServerError } from "./server";

export class Details {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly url: string,
    public name: string,
    public description: string,
    private readonly onAnswer: (error: string) => void,
  ) {}

  change(details: { name?: string; description?: string }): void {
    this.name = details.name ?? this.name;
    this.description = details.description ?? this.description;
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.save(), 600);
  }

  get isSaved(): boolean {
    return this.timer === undefined;
  }

  async save(): Promise<void> {
    if (this.timer !== undefined) clearTimeout(this.timer);
    try {
      await postJson(this.url, { name: this.name, description: this.description });
      this.timer = undefined;
      this.onAnswer("");
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      this.onAnswer(error.message);
      if (error.isPassing) this.timer = setTimeout(() => void this.save(), 4_000);
      else this.timer = undefined;
    }
  }
}
