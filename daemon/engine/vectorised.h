#ifndef DYNOFA_DAEMON_ENGINE_VECTORISED_H_
#define DYNOFA_DAEMON_ENGINE_VECTORISED_H_

// Before a function with simple loops: compiles it for several instruction sets and has the
// loader choose when the program starts. Nothing that it calls is compiled so unless inlined, and
// OpenMP regions inside it are not.
//
// The sanitizers' run-time is not up yet when the choice is made; they get the plain code.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define DYNOFA_VECTORISED __attribute__((target_clones("avx512f", "fma", "avx2", "default")))
#else
#define DYNOFA_VECTORISED
#endif

#endif  // DYNOFA_DAEMON_ENGINE_VECTORISED_H_
