/** The short form of the month (month.ts): each thing that can go wrong, and good nights between. */
import test from 'ava';
import { temporaryFolder } from '../standin.ts';
import { isAsItShouldBe, live } from './month.ts';

test.serial(
  'what goes wrong in a night is told in that night, at both ends, and no other night says a word',
  async (t) => {
    const nights = await live(
      temporaryFolder(t),
      8,
      new Map([
        [1, 'half file'],
        [2, 'blind'],
        [3, 'nameless'],
        [4, 'clock'],
        [6, 'reboot'],
      ]),
    );
    for (const night of nights) t.true(isAsItShouldBe(night), JSON.stringify(night, null, 1));
    const shown = (mishap: string): string => nights.find((night) => night.mishap === mishap)?.shown ?? '';
    t.regex(shown('nameless'), /last seen 27 h ago/);
    t.regex(shown('clock'), /the clock here is 399 days behind/);
  },
);
