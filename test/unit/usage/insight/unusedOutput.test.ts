import { describe, expect, it } from 'vitest';
import { judgeOutput, leastWords, textLimit } from '../../../../server/src/usage/insight/unusedOutput';

const task = 'Count the files in the directory and report which are largest.';
const answer =
  'There are 47 documents; readme.md leads with 9120 bytes, followed by changelog and contributing. Licence is smallest, notices second.';

describe('what a sub-agent answered', () => {
  it('was used when any word of it comes back, however it is bent', () => {
    for (const later of ['47 of them.', 'The biggest is README.md', 'contributions come next', '{"path":"changelog.md"}'])
      expect(judgeOutput(answer, [task], ['Let me see.', later]), later).toMatchObject({ unused: false });
  });

  it('was not when nothing of it does; words of the task prove nothing', () => {
    expect(
      judgeOutput(answer, [task], ['I will do something else now.', 'The largest files in the directory are unknown to me.']),
    ).toMatchObject({ unused: true });
  });

  it('can not be judged when it says too little, when nothing followed, or when there is too much of it', () => {
    expect(judgeOutput('Done, all went well.', [task], ['Fine.'])).toBeNull();
    expect(judgeOutput(answer, [task], [])).toBeNull();
    expect(judgeOutput(answer, [answer], ['Fine.'])).toBeNull();
    expect(judgeOutput(answer.repeat(textLimit), [task], ['Fine.'])).toBeNull();
    expect(judgeOutput(answer, [task], ['Fine.'])?.words).toBeGreaterThanOrEqual(leastWords);
  });

  it('is judged in scripts without spaces', () => {
    const reply = '目录中共有四十七个文件。最大的是说明书，其次是变更日志和贡献指南。许可证最小。北京上海广州深圳。';
    expect(judgeOutput(reply, [], ['我们继续做别的事情吧'])).toMatchObject({ unused: true });
    expect(judgeOutput(reply, [], ['说明书已经检查'])).toMatchObject({ unused: false });
  });
});
