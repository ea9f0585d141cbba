namespace Retention.Engine.Ports;

/// <summary>Formats of ledger entries that are not a reply.</summary>
public static class LedgerFormats
{
    /// <summary>
    /// The key was taken so that no operation can ever take it: whoever comes under it later,
    /// with whatever content, is refused with OperationSealed.
    /// </summary>
    public const string Sealed = "sealed";
}
