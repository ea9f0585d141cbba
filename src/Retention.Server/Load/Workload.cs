namespace Retention.Server.Load;

/// <summary>
/// What a run calls: one method with one prepared message, and which calls there are. Calls are numbered; the number
/// gives a call its ids, so that a second run of the same numbers repeats the same requests.
/// </summary>
internal sealed class Workload(
    string path, PreparedMessage message, IEnumerable<long>? numbers = null, long most = long.MaxValue)
{
    private readonly Lock _gate = new();
    private readonly IEnumerator<long>? _numbers = numbers?.GetEnumerator();
    private long _taken;

    /// <summary>"/pkg.Service/Method".</summary>
    public string Path => path;

    public PreparedMessage Message => message;

    /// <summary>Takes the next call's number; false when there are no more. Called from many threads.</summary>
    public bool TryTake(out long number)
    {
        if (_numbers is null)
        {
            number = Interlocked.Increment(ref _taken) - 1;
            return number < most;
        }

        lock (_gate)
        {
            var isThere = _numbers.MoveNext();
            number = isThere ? _numbers.Current : 0;
            return isThere;
        }
    }
}
